using System.Collections;
using System.Collections.Immutable;
using System.Reflection;

namespace Redoubt.XenApi.Tests;

/// <summary>What every public type of this library keeps to.</summary>
public sealed class ConventionTests
{
    private static readonly Type[] PublicTypes = typeof(DataModel).Assembly.GetExportedTypes();

    [Fact]
    public void Public_records_are_sealed_unless_they_head_a_closed_set() =>
        AssertNone(PublicTypes.Where(IsRecord).Where(t => !t.IsSealed && !(t.IsAbstract && PublicTypes.Any(p => p.BaseType == t))));

    [Fact]
    public void Public_classes_are_sealed_static_or_abstract() =>
        AssertNone(PublicTypes.Where(t => t.IsClass && t is { IsSealed: false, IsAbstract: false }));

    [Fact]
    public void No_public_field_can_be_assigned() =>
        AssertNone(
            PublicTypes.Where(t => !t.IsEnum).SelectMany(Members<FieldInfo>).Where(f => f is { IsInitOnly: false, IsLiteral: false }));

    [Fact]
    public void No_public_property_of_a_record_can_be_set_after_it_is_made() =>
        AssertNone(
            PublicTypes.Where(IsRecord).SelectMany(Members<PropertyInfo>)
                .Where(p => p.SetMethod is { IsPublic: true } set && !IsInit(set)));

    [Fact]
    public void Collections_in_records_are_immutable() => AssertNone(PublicTypes
        .Where(t => typeof(Redoubt.XenApi.Record).IsAssignableFrom(t))
        .SelectMany(Members<PropertyInfo>)
        .Where(p => typeof(IEnumerable).IsAssignableFrom(p.PropertyType) && p.PropertyType != typeof(string))
        .Where(p => p.PropertyType.Namespace != typeof(ImmutableList).Namespace));

    [Fact]
    public void Every_class_has_one_record_type_and_every_record_type_a_class() => Assert.Equal(
        PublicTypes.Where(t => t.BaseType == typeof(Redoubt.XenApi.Record)).Select(t => t.Name).Order(StringComparer.Ordinal),
        DataModel.Classes.Values.Select(c => c.NewRecord().GetType().Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_relation_leads_to_a_reference_that_leads_back() => Assert.All(
        DataModel.Classes.Values.SelectMany(c => c.AllFields.Select(f => (Class: c, Field: f))).Where(p => p.Field.Relation is not null),
        pair =>
        {
            var target = DataModel.Classes[pair.Field.Relation!.Class].FindColumn(pair.Field.Relation.Field);
            var type = target?.Type is ISetType set ? set.Element : target?.Type;
            Assert.Equal(pair.Class.Name, Assert.IsType<IRefType>(type, exactMatch: false).ClassName);
        });

    private static void AssertNone<T>(IEnumerable<T> offenders) => Assert.Empty(offenders);

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    private static bool IsInit(MethodInfo set) => set.ReturnParameter.GetRequiredCustomModifiers().Any(m => m.Name == "IsExternalInit");

    private static IEnumerable<T> Members<T>(Type type)
        where T : MemberInfo =>
        type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static).OfType<T>();
}
