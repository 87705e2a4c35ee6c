// The npm package xen-api, by which Xen Orchestra speaks to pools, against a Redoubt pool: what it connects, watches, lists and calls.
// Ends with 0 if everything was as the package expects it.
//
//   node client.mjs URL TRANSPORT PASSWORD-FILE
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Xapi } from 'xen-api'

const [url, transport, passwordFile] = process.argv.slice(2)
const xapi = new Xapi({
  url,
  transport,
  auth: { user: 'root', password: readFileSync(passwordFile, 'utf8').trim() },
  debounce: 20,
  syncStackTraces: true,
})

// Who waits for an event that never comes says for which.
let step = 'connecting'
setTimeout(() => {
  console.error('nothing happened any more while', step)
  process.exit(1)
}, 40e3)

// The next change of this kind that an object of the watched collection takes part in.
const seen = (kind, wanted) =>
  new Promise(resolve => {
    const listener = objects => {
      const found = Object.values(objects).find(wanted)
      if (found !== undefined) {
        xapi.objects.removeListener(kind, listener)
        resolve(found)
      }
    }
    xapi.objects.on(kind, listener)
  })

const refused = async (promise, code, ...params) => {
  const error = await promise.then(() => assert.fail(`${code} expected`), e => e)
  assert.deepEqual([error.code, ...error.params], [code, ...params])
}

// 1. Connect: a login, the pool, the classes that the server knows.
await xapi.connect()
assert.equal(xapi.status, 'connected')
assert.match(xapi.sessionId, /^OpaqueRef:/)
assert.match(xapi.pool.$id, /^[-0-9a-f]{36}$/)

step = 'fetching everything'

// 2. Everything there is, linked by its references.
await xapi.objectsFetched
const host = xapi.objects.indexes.type.host && Object.values(xapi.objects.indexes.type.host)[0]
assert.equal(xapi.pool.$master, host)
assert.equal(host.enabled, true)
assert.equal(typeof host.software_version, 'object')
assert.equal((await xapi.getAllRecords('host'))[0].uuid, host.uuid)

step = 'watching a network'

// 3. An object is added, changed and removed by calls, and the collection follows.
const added = seen('add', o => o?.$type === 'network' && o.name_label === 'from-npm')
const ref = await xapi.call('network.create', {
  name_label: 'from-npm',
  name_description: 'ünïcode <&>',
  MTU: 1400,
  other_config: {},
  tags: ['a'],
  managed: true,
})
const network = await added
assert.equal(network.$ref, ref)
assert.equal(network.name_description, 'ünïcode <&>')
assert.equal(Number(network.MTU), 1400)

const updated = seen('update', o => o?.$ref === ref && o.other_config.colour === 'red')
await network.update_other_config('colour', 'red')
await network.update_other_config('colour', 'red')
assert.equal((await updated).$type, 'network')
await network.set_name_label('renamed')
assert.equal((await xapi.barrier(ref)).name_label, 'renamed')
await network.add_tags('b')
assert.deepEqual((await xapi.barrier(ref)).tags.slice().sort(), ['a', 'b'])
assert.equal((await xapi.getRecordByUuid('network', network.uuid)).$ref, ref)
assert.equal(await xapi.getField('network', ref, 'name_label'), 'renamed')

const removed = new Promise(resolve => xapi.objects.on('remove', gone => network.$id in gone && resolve()))
await xapi.call('network.destroy', ref)
await removed
await xapi.barrier()
assert.equal(xapi.getObject(ref, null), null)
await refused(xapi.call('network.destroy', ref), 'HANDLE_INVALID', 'network', ref)
await refused(xapi.call('network.nope'), 'MESSAGE_METHOD_UNKNOWN', 'network.nope')

step = 'watching a VM'

// 4. A VM, and an asynchronous call, of which the events tell how it ends.
const vmAdded = seen('add', o => o?.$type === 'VM' && o.name_label === 'vm-from-npm')
await xapi.call('VM.create', {
  name_label: 'vm-from-npm',
  name_description: '',
  user_version: 1,
  is_a_template: false,
  memory_static_max: 64 << 20,
  memory_static_min: 64 << 20,
  memory_dynamic_max: 64 << 20,
  memory_dynamic_min: 64 << 20,
  VCPUs_params: {},
  VCPUs_max: 1,
  VCPUs_at_startup: 1,
  actions_after_shutdown: 'destroy',
  actions_after_reboot: 'restart',
  actions_after_crash: 'restart',
  PV_bootloader: '',
  PV_kernel: '',
  PV_ramdisk: '',
  PV_args: '',
  PV_bootloader_args: '',
  PV_legacy_args: '',
  HVM_boot_policy: 'BIOS order',
  HVM_boot_params: { order: 'c' },
  HVM_shadow_multiplier: 1,
  platform: {},
  PCI_bus: '',
  affinity: 'OpaqueRef:NULL',
  other_config: {},
  recommendations: '',
})
const vm = await vmAdded
assert.equal(vm.power_state, 'Halted')
const clone = await xapi.callAsync('VM.clone', vm.$ref, 'clone')
assert.equal((await xapi.barrier(clone)).name_label, 'clone')
await refused(xapi.callAsync('VM.clean_shutdown', clone), 'VM_BAD_POWER_STATE', clone, 'Running', 'Halted')
await xapi.call('VM.destroy', clone)
await xapi.call('VM.destroy', vm.$ref)

step = 'disconnecting'

// 5. The way out.
const disconnected = once(xapi, 'disconnected')
await xapi.disconnect()
await disconnected
console.log('all as expected')
process.exit(0)
