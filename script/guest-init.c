/*
 * The whole userspace of the bench's guest: process 1 of a small VM that counts.
 *
 * Nothing is counted aloud before it is safe. One turn of the loop is
 *
 *   1. write the next count into the slot that does NOT hold the newest record,
 *   2. flush the disk,
 *   3. say the count on the serial line.
 *
 * So a count read on the console is always on the disk, a write torn by a power cut spoils only the older record,
 * and whatever a recovered disk holds can be compared with what the console said before the disaster.
 *
 * The second virtio disk (/dev/vdb) holds two records, each in the first 512 bytes of its slot:
 *
 *   offset     0   slot 0
 *   offset  4096   slot 1
 *
 *   REDOUBT-GUEST name=N count=C boots=B interval-ms=I uuid=U checksum=XXXXXXXX\n   and zeros to byte 512
 *
 * checksum is the CRC-32 of zlib and Ethernet, in eight lower-case hex digits, over all bytes before " checksum=".
 * The valid record with the higher count, then the higher boots, is the newest. name= and count= are enough for a
 * record prepared from outside. A disk whose slots are both all zeros is a new one. A disk with anything else and no
 * valid record is not touched: silently starting again from zero would hide the very damage the bench looks for.
 * docs/formats/guest-record.md tells the same at more length, with the lines of the console.
 */
#define _GNU_SOURCE /* O_DIRECT */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/input.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_BYTES = 512, SLOT_BYTES = 4096, SLOTS = 2, INPUTS_MAX = 8, INTERVAL_MS_DEFAULT = 150 };

static const char disk_path[] = "/dev/vdb";
static const char magic[] = "REDOUBT-GUEST ";
static const char checksum_key[] = " checksum=";

struct record {
    char name[128];
    char uuid[40];
    uint64_t count;
    uint64_t boots;
    unsigned interval_ms;
};

static int console = 1;

/* One write per line, so that the kernel's own messages cannot land in the middle of one. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[1024];
    int length = snprintf(line, sizeof line, "redoubt-guest: ");
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    if (write(console, line, (size_t)length) < 0) { /* there is nowhere left to complain */ }
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- the record ---- */

static uint32_t crc32_of(const char *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}

static void format_record(const struct record *r, char *out)
{
    memset(out, 0, RECORD_BYTES);
    int length = snprintf(out, RECORD_BYTES, "%sname=%s count=%" PRIu64 " boots=%" PRIu64 " interval-ms=%u uuid=%s",
                          magic, r->name, r->count, r->boots, r->interval_ms, r->uuid);
    uint32_t crc = crc32_of(out, (size_t)length);
    snprintf(out + length, RECORD_BYTES - (size_t)length, "%s%08x\n", checksum_key, crc);
}

/* Digits only, to the end: strtoull alone would take "12junk", "-1" and what does not fit. */
static bool parse_number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static bool parse_record(const char *bytes, struct record *r)
{
    char text[RECORD_BYTES + 1] = { 0 };
    memcpy(text, bytes, RECORD_BYTES);
    char *checksum = strstr(text, checksum_key);
    if (strncmp(text, magic, sizeof magic - 1) != 0 || checksum == NULL)
        return false;

    char expected[32];
    snprintf(expected, sizeof expected, "%s%08x\n", checksum_key, crc32_of(text, (size_t)(checksum - text)));
    if (strcmp(checksum, expected) != 0)
        return false;

    *checksum = '\0';
    *r = (struct record) { .interval_ms = INTERVAL_MS_DEFAULT };
    bool counted = false;
    char *rest;
    for (char *field = strtok_r(text + sizeof magic - 1, " ", &rest); field; field = strtok_r(NULL, " ", &rest)) {
        uint64_t number;
        if (strncmp(field, "name=", 5) == 0) {
            if (strlen(field + 5) >= sizeof r->name)
                return false;
            strcpy(r->name, field + 5);
        } else if (strncmp(field, "count=", 6) == 0) {
            if (!parse_number(field + 6, &r->count))
                return false;
            counted = true;
        } else if (strncmp(field, "boots=", 6) == 0) {
            if (!parse_number(field + 6, &r->boots))
                return false;
        } else if (strncmp(field, "interval-ms=", 12) == 0) {
            if (!parse_number(field + 12, &number) || number < 1 || number > 3600000)
                return false;
            r->interval_ms = (unsigned)number;
        }
    }
    return counted && r->name[0] != '\0';
}

/* ---- the disk ---- */

struct disk {
    int fd;
    size_t write_bytes; /* one block of the disk: O_DIRECT takes nothing smaller */
    int newest_slot;
};

static char slots[SLOTS][SLOT_BYTES] __attribute__((aligned(4096)));
static char block[SLOT_BYTES] __attribute__((aligned(4096)));

static bool all_zero(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Opens the disk and reads its newest record into r. Answers NULL, or why it can't be counted on. */
static const char *open_disk(struct disk *d, struct record *r, const char *uuid)
{
    static char reason[160];
    for (int tries = 0; (d->fd = open(disk_path, O_RDWR | O_DIRECT | O_CLOEXEC)) < 0; tries++) {
        if (errno != ENOENT || tries == 100) {
            snprintf(reason, sizeof reason, "no data disk: %s: %s", disk_path, strerror(errno));
            return reason;
        }
        usleep(20000);
    }
    int sector_bytes = 0;
    if (ioctl(d->fd, BLKSSZGET, &sector_bytes) < 0 || sector_bytes < RECORD_BYTES || sector_bytes > SLOT_BYTES) {
        snprintf(reason, sizeof reason, "data disk has sectors of %d bytes, more than a slot", sector_bytes);
        return reason;
    }
    d->write_bytes = (size_t)sector_bytes;
    if (pread(d->fd, slots, sizeof slots, 0) != (ssize_t)sizeof slots) {
        snprintf(reason, sizeof reason, "data disk can't be read: %s", errno ? strerror(errno) : "too small");
        return reason;
    }

    d->newest_slot = -1;
    for (int slot = 0; slot < SLOTS; slot++) {
        struct record found;
        if (parse_record(slots[slot], &found)
            && (d->newest_slot < 0 || found.count > r->count || (found.count == r->count && found.boots > r->boots))) {
            *r = found;
            d->newest_slot = slot;
        }
    }
    if (d->newest_slot >= 0)
        return NULL;
    if (!all_zero(slots[0], sizeof slots))
        return "data disk is neither empty nor holds a valid record; leaving it alone";

    d->newest_slot = 1;
    *r = (struct record) { .interval_ms = INTERVAL_MS_DEFAULT };
    snprintf(r->name, sizeof r->name, "guest-%.8s", uuid);
    return NULL;
}

/* Answers true once the record is on the disk, past every cache that honours a flush. */
static bool write_record(struct disk *d, const struct record *r)
{
    int slot = (d->newest_slot + 1) % SLOTS;
    memset(block, 0, sizeof block);
    format_record(r, block);
    errno = 0;
    if (pwrite(d->fd, block, d->write_bytes, (off_t)slot * SLOT_BYTES) != (ssize_t)d->write_bytes || fdatasync(d->fd) < 0)
        return false; /* the slot may be torn now, so it stays the next one to be written */
    d->newest_slot = slot;
    return true;
}

/* ---- the machine ---- */

static void load_modules(const char *list)
{
    char path[256];
    FILE *file = fopen(list, "re");
    while (file && fgets(path, sizeof path, file)) {
        path[strcspn(path, "\n")] = '\0';
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
            say("error: module %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    if (file)
        fclose(file);
}

/*
 * Where the firmware is UEFI: counts the boots in a variable of the firmware's own too, so that it can be seen whether the
 * firmware's memory came along with the disks. Four bytes of attributes, then the count as text.
 */
static void count_firmware_boots(void)
{
    static const char path[] = "/sys/firmware/efi/efivars/RedoubtBoots-8f1b4a52-6d1e-4c0b-9d65-72656475b017";
    static const char attributes[4] = { 7, 0, 0, 0 }; /* kept when off, for firmware and system */
    if (access("/sys/firmware/efi", F_OK) != 0)
        return;
    load_modules("/uefi-modules");
    if (mount("efivarfs", "/sys/firmware/efi/efivars", "efivarfs", 0, NULL) < 0) {
        say("error: efivarfs: %s", strerror(errno));
        return;
    }
    char value[32] = { 0 };
    unsigned long boots = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, value, sizeof value - 1) > (ssize_t)sizeof attributes)
            boots = strtoul(value + sizeof attributes, NULL, 10);
        close(fd);
        int flags = 0;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
            flags &= ~FS_IMMUTABLE_FL; /* the kernel's guard against a careless rm */
            ioctl(fd, FS_IOC_SETFLAGS, &flags);
        }
        close(fd);
    }
    memcpy(value, attributes, sizeof attributes);
    int length = snprintf(value + sizeof attributes, sizeof value - sizeof attributes, "%lu", boots + 1);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, value, sizeof attributes + (size_t)length) < 0)
        say("error: firmware variable: %s", strerror(errno));
    else
        say("firmware-boots=%lu", boots + 1);
    if (fd >= 0)
        close(fd);
}

/* One command to the TPM; returns the length of its answer, or -1 after having said why. */
static ssize_t ask_tpm(int fd, const char *what, const unsigned char *command, size_t length, unsigned char *answer, size_t size)
{
    ssize_t got = write(fd, command, length) < 0 ? -1 : read(fd, answer, size);
    if (got < 10) {
        say("error: TPM: %s: %s", what, got < 0 ? strerror(errno) : "short answer");
        return -1;
    }
    unsigned code = (unsigned)answer[6] << 24 | (unsigned)answer[7] << 16 | (unsigned)answer[8] << 8 | answer[9];
    if (code != 0 && code != 0x14C) { /* TPM_RC_NV_DEFINED: it was there already */
        say("error: TPM: %s: code 0x%x", what, code);
        return -1;
    }
    return got;
}

/*
 * Where there is a TPM, a counter in its memory counts the boots: proof that what the TPM keeps went wherever the VM did. The counter has
 * an index of its own, needs no password, and can only go up.
 */
static void count_tpm_boots(void)
{
#define INDEX 0x01, 0x50, 0x00, 0x01
#define NO_PASSWORD 0x00, 0x00, 0x00, 0x09, 0x40, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00
    static const unsigned char define[] = { /* TPM2_NV_DefineSpace, by the owner: a counter */
        0x80, 0x02, 0x00, 0x00, 0x00, 0x2D, 0x00, 0x00, 0x01, 0x2A, 0x40, 0x00, 0x00, 0x01, NO_PASSWORD,
        0x00, 0x00, 0x00, 0x0E, INDEX, 0x00, 0x0B, 0x02, 0x04, 0x00, 0x14, 0x00, 0x00, 0x00, 0x08,
    };
    static const unsigned char increment[] = { /* TPM2_NV_Increment */
        0x80, 0x02, 0x00, 0x00, 0x00, 0x1F, 0x00, 0x00, 0x01, 0x34, INDEX, INDEX, NO_PASSWORD,
    };
    static const unsigned char get[] = { /* TPM2_NV_Read */
        0x80, 0x02, 0x00, 0x00, 0x00, 0x23, 0x00, 0x00, 0x01, 0x4E, INDEX, INDEX, NO_PASSWORD, 0x00, 0x08, 0x00, 0x00,
    };
    unsigned char answer[512];
    int fd = open("/dev/tpm0", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t length = ask_tpm(fd, "define", define, sizeof define, answer, sizeof answer);
    if (length > 0)
        length = ask_tpm(fd, "increment", increment, sizeof increment, answer, sizeof answer);
    if (length > 0)
        length = ask_tpm(fd, "read", get, sizeof get, answer, sizeof answer);
    if (length >= 24) { /* head 10, size of the parameters 4, size of the data 2, data 8 */
        uint64_t boots = 0;
        for (int at = 16; at < 24; at++)
            boots = boots << 8 | answer[at];
        say("tpm-boots=%" PRIu64, boots);
    }
    close(fd);
}

static void read_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file || !fgets(out, (int)size, file))
        snprintf(out, size, "-");
    out[strcspn(out, "\n")] = '\0';
    if (file)
        fclose(file);
}

/* Counts the processors, and the sockets that they are in. */
static void count_processors(int *processors, int *sockets)
{
    bool seen[256] = { false };
    *processors = *sockets = 0;
    for (;; (*processors)++) {
        char path[96], package[16];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", *processors);
        if (access(path, R_OK) != 0)
            return;
        read_line(path, package, sizeof package);
        unsigned id = (unsigned)strtoul(package, NULL, 10);
        if (id < sizeof seen && !seen[id]) {
            seen[id] = true;
            (*sockets)++;
        }
    }
}

/* What the machine shows of what the VM's record asks for. */
static void describe_hardware(void)
{
    int processors, sockets;
    count_processors(&processors, &sockets);
    char mtus[80] = "-";
    size_t used = 0;
    for (int card = 0; card < 8; card++) {
        char path[48], mtu[16];
        snprintf(path, sizeof path, "/sys/class/net/eth%d/mtu", card);
        if (access(path, R_OK) != 0)
            break;
        read_line(path, mtu, sizeof mtu);
        used += (size_t)snprintf(mtus + used, sizeof mtus - used, "%s%.8s", used ? "," : "", mtu);
    }
    say("hardware processors=%d sockets=%d mtus=%s", processors, sockets, mtus);
}

/* What the VM's record asks of the agent (vm-data/agent) and which address the first card is to have (vm-data/ip). */
static char agent_mode[32], first_address[64];

/* What the VM's record has for its guest: the strings of the firmware that begin as such. */
static void describe_data(void)
{
    static char tables[1 << 16];
    int fd = open("/sys/firmware/dmi/tables/DMI", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    size_t length = 0;
    for (ssize_t got; length < sizeof tables - 1 && (got = read(fd, tables + length, sizeof tables - 1 - length)) > 0;)
        length += (size_t)got;
    close(fd);
    /* Each structure has its length in its second byte; its strings follow, and an empty one after the last. */
    for (size_t at = 0; at + 4 < length;) {
        size_t text = at + (unsigned char)tables[at + 1];
        bool is_oem = tables[at] == 11;
        if (text >= length)
            break;
        for (at = text; at < length && tables[at] != 0; at += strlen(tables + at) + 1)
            if (is_oem) {
                say("given %.200s", tables + at);
                sscanf(tables + at, "vm-data/agent=%31s", agent_mode);
                sscanf(tables + at, "vm-data/ip=%63s", first_address);
            }
        at += at == text ? 2 : 1;
    }
}

/* Brings every network card up, which gives it an IPv6 link-local address, and lists the cards' addresses. */
static void start_network(char *macs, size_t size)
{
    snprintf(macs, size, "-");
    size_t used = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int card = 0; card < 8; card++) {
        struct ifreq request = { 0 };
        snprintf(request.ifr_name, sizeof request.ifr_name, "eth%d", card);
        if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
            break;
        const unsigned char *mac = (const unsigned char *)request.ifr_hwaddr.sa_data;
        used += (size_t)snprintf(macs + used, size - used, "%s%02x:%02x:%02x:%02x:%02x:%02x", used ? "," : "",
                                 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        request.ifr_flags = IFF_UP;
        if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
            say("error: network card %d does not come up: %s", card, strerror(errno));
    }
    close(fd);
}

/* Gives the first card the address that the VM's record has for it. */
static void take_address(void)
{
    struct ifreq request = { .ifr_name = "eth0" };
    struct sockaddr_in address = { .sin_family = AF_INET };
    if (first_address[0] == '\0')
        return;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(&request.ifr_addr, &address, sizeof address);
    if (inet_pton(AF_INET, first_address, &((struct sockaddr_in *)&request.ifr_addr)->sin_addr) != 1 || ioctl(fd, SIOCSIFADDR, &request) < 0)
        say("error: address %s: %s", first_address, strerror(errno));
    close(fd);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Appends to out, for each entry of a folder of sysfs whose name begins so, its name and the first line of a file in it. */
static void list_devices(char *out, size_t size, const char *folder_path, const char *prefix, const char *file)
{
    char names[32][32];
    size_t found = 0;
    DIR *folder = opendir(folder_path);
    struct dirent *entry;
    while (folder && found < 32 && (entry = readdir(folder)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && strlen(entry->d_name) < sizeof names[0])
            strcpy(names[found++], entry->d_name);
    if (folder)
        closedir(folder);
    qsort(names, found, sizeof names[0], compare_names);
    size_t used = (size_t)snprintf(out, size, "%s", found ? "" : "-");
    for (size_t i = 0; i < found && used < size; i++) {
        char path[128], line[48];
        snprintf(path, sizeof path, "%s/%s/%s", folder_path, names[i], file);
        read_line(path, line, sizeof line);
        used += (size_t)snprintf(out + used, size - used, "%s%s:%s", i ? "," : "", names[i], line);
    }
}

/* ---- the agent ---- */

/*
 * Speaks QEMU's guest agent protocol where the VM's record asks for it (vm-data/agent):
 *
 *   honest   answers as qemu-ga does
 *   silent   takes what it is asked and says nothing
 *   flood    answers without an end
 *   liar     answers what no agent should: too much, of the wrong kind, and what is none of its business
 *   slow     as honest, but that it is frozen it says five seconds late
 */
static volatile bool *frozen;
static FILE *agent;

static void answer_interfaces(void)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0)
        all = NULL;
    fputs("{\"return\": [", agent);
    const char *comma = "";
    for (struct ifaddrs *card = all; card; card = card->ifa_next) {
        if (!card->ifa_addr || card->ifa_addr->sa_family != AF_PACKET)
            continue;
        const unsigned char *mac = ((struct sockaddr_ll *)card->ifa_addr)->sll_addr;
        fprintf(agent, "%s{\"name\": \"%s\", \"hardware-address\": \"%02x:%02x:%02x:%02x:%02x:%02x\", \"ip-addresses\": [", comma,
                card->ifa_name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        comma = ", ";
        const char *between = "";
        for (struct ifaddrs *one = all; one; one = one->ifa_next) {
            char text[64];
            if (!one->ifa_addr || strcmp(one->ifa_name, card->ifa_name) != 0)
                continue;
            int family = one->ifa_addr->sa_family;
            const void *bytes = family == AF_INET ? (const void *)&((struct sockaddr_in *)one->ifa_addr)->sin_addr
                                                  : (const void *)&((struct sockaddr_in6 *)one->ifa_addr)->sin6_addr;
            if ((family != AF_INET && family != AF_INET6) || !inet_ntop(family, bytes, text, sizeof text))
                continue;
            fprintf(agent, "%s{\"ip-address-type\": \"%s\", \"ip-address\": \"%s\", \"prefix\": 64}", between,
                    family == AF_INET ? "ipv4" : "ipv6", text);
            between = ", ";
        }
        fputs("]}", agent);
    }
    fputs("]}\n", agent);
    freeifaddrs(all);
}

/* One answer of the liar: shapes that no agent has, and more than anybody would read. */
static void lie(const char *command)
{
    if (strcmp(command, "guest-info") == 0) {
        fputs("{\"return\": {\"version\": \"1\\u0001.2.", agent);
        for (int i = 0; i < 100000; i++)
            fputc('9', agent);
        fputs("\"}}\n", agent);
    } else if (strcmp(command, "guest-network-get-interfaces") == 0) {
        char mac[32];
        read_line("/sys/class/net/eth0/address", mac, sizeof mac);
        fprintf(agent, "{\"return\": [7, {\"hardware-address\": {}}, {\"hardware-address\": \"%s\", \"ip-addresses\": [\"x\"", mac);
        for (int i = 0; i < 20000; i++)
            fprintf(agent, ", {\"ip-address\": \"10.1.%d.%d\"}, {\"ip-address\": \"no <address> %d\"}", i / 250 % 250, i % 250, i);
        fputs("]}]}\n", agent);
    } else {
        fputs("{\"return\": {\"name\": [], \"id\": {\"a\": 1}, \"version-id\": 12, \"pretty-name\": null}}\n", agent);
    }
}

static void answer(const char *line)
{
    char command[64] = "";
    const char *at = strstr(line, "\"execute\"");
    if (at)
        sscanf(at, "\"execute\" : \"%63[a-z-]", command);
    if (strcmp(agent_mode, "silent") == 0)
        return;
    if (strcmp(command, "guest-sync") == 0 || strcmp(command, "guest-sync-delimited") == 0) {
        const char *id = strstr(line, "\"id\"");
        unsigned long long number = 0;
        if (id)
            sscanf(id, "\"id\" : %llu", &number);
        fprintf(agent, "%s{\"return\": %llu}\n", command[10] ? "\377" : "", number);
    } else if (strcmp(agent_mode, "flood") == 0) {
        /* Whatever reads this is to stop by itself. */
        while (fputs("{\"return\": [\"more\", ", agent) >= 0)
            ;
    } else if (strcmp(agent_mode, "liar") == 0) {
        lie(command);
    } else if (strcmp(command, "guest-ping") == 0) {
        fputs("{\"return\": {}}\n", agent);
    } else if (strcmp(command, "guest-info") == 0) {
        fputs("{\"return\": {\"version\": \"7.2.5\", \"supported_commands\": []}}\n", agent);
    } else if (strcmp(command, "guest-get-osinfo") == 0) {
        struct utsname kernel;
        uname(&kernel);
        fprintf(agent, "{\"return\": {\"name\": \"Redoubt\", \"id\": \"redoubt\", \"pretty-name\": \"Redoubt guest 1.4\", "
                "\"version-id\": \"1.4\", \"kernel-release\": \"%s\", \"machine\": \"%s\"}}\n", kernel.release, kernel.machine);
    } else if (strcmp(command, "guest-network-get-interfaces") == 0) {
        answer_interfaces();
    } else if (strcmp(command, "guest-fsfreeze-freeze") == 0 || strcmp(command, "guest-fsfreeze-thaw") == 0) {
        *frozen = command[15] == 'f';
        say("%s", *frozen ? "frozen" : "thawed");
        if (*frozen && strcmp(agent_mode, "slow") == 0)
            sleep(5);
        fputs("{\"return\": 1}\n", agent);
    } else if (strcmp(command, "guest-fsfreeze-status") == 0) {
        fprintf(agent, "{\"return\": \"%s\"}\n", *frozen ? "frozen" : "thawed");
    } else if (strcmp(command, "guest-shutdown") == 0) {
        kill(1, strstr(line, "\"reboot\"") ? SIGINT : SIGTERM);
    } else {
        fprintf(agent, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command %s has not been found\"}}\n", command);
    }
}

/* Finds the agent's channel among the virtio ports; it answers from a process of its own, so that the counting never waits for it. */
static void start_agent(void)
{
    frozen = mmap(NULL, sizeof *frozen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (agent_mode[0] == '\0' || fork() != 0)
        return;
    char names[512], path[64] = "";
    list_devices(names, sizeof names, "/sys/class/virtio-ports", "vport", "name");
    char *rest;
    for (char *port = strtok_r(names, ",", &rest); port; port = strtok_r(NULL, ",", &rest)) {
        char *name = strchr(port, ':');
        *name = '\0';
        if (strcmp(name + 1, "org.qemu.guest_agent.0") == 0)
            snprintf(path, sizeof path, "/dev/%s", port);
    }
    agent = path[0] ? fopen(path, "r+e") : NULL;
    if (!agent) {
        say("error: no channel for the agent");
        _exit(1);
    }
    int input = fileno(agent);
    static char line[1 << 16];
    for (size_t length = 0;;) {
        ssize_t got = read(input, line + length, sizeof line - 1 - length);
        if (got <= 0) {
            usleep(100000); /* nobody is at the other end */
            continue;
        }
        length += (size_t)got;
        line[length] = '\0';
        char *end;
        while ((end = strchr(line, '\n'))) {
            *end = '\0';
            answer(line);
            fflush(agent);
            length -= (size_t)(end + 1 - line);
            memmove(line, end + 1, length + 1);
        }
        if (length == sizeof line - 1)
            length = 0;
    }
}

/* ---- the machine, while it runs ---- */

/* Processors that were given while it runs count only when somebody switches them on. Gives how many are on. */
static int online_processors(void)
{
    int online = 0;
    for (int i = 0; i < 256; i++) {
        char path[64], state[8];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d", i);
        if (access(path, F_OK) != 0)
            continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", i);
        read_line(path, state, sizeof state);
        if (strcmp(state, "0") == 0) {
            int fd = open(path, O_WRONLY | O_CLOEXEC);
            if (fd >= 0 && write(fd, "1", 1) == 1)
                state[0] = '1';
            if (fd >= 0)
                close(fd);
        }
        if (state[0] != '0') /* the first one has no switch */
            online++;
    }
    return online;
}

/* Says which devices there are, when they are others than the last time. */
static void say_devices(void)
{
    static char before[512];
    char disks[200], cards[200], now[512];
    list_devices(disks, sizeof disks, "/sys/block", "vd", "size");
    list_devices(cards, sizeof cards, "/sys/class/net", "eth", "address");
    snprintf(now, sizeof now, "devices disks=%s cards=%s online=%d", disks, cards, online_processors());
    if (strcmp(now, before) != 0)
        say("%s", strcpy(before, now));
}

static uint64_t memory_kb(void)
{
    struct sysinfo s;
    sysinfo(&s);
    return (uint64_t)s.totalram * s.mem_unit / 1024;
}

static int open_inputs(struct pollfd *fds)
{
    int opened = 0;
    DIR *folder = opendir("/dev/input");
    struct dirent *entry;
    while (folder && opened < INPUTS_MAX && (entry = readdir(folder)))
        if (strncmp(entry->d_name, "event", 5) == 0) {
            int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
            if (fd >= 0)
                fds[opened++] = (struct pollfd) { .fd = fd, .events = POLLIN };
        }
    if (folder)
        closedir(folder);
    return opened;
}

static bool power_pressed(int fd)
{
    struct input_event e;
    bool pressed = false;
    while (read(fd, &e, sizeof e) == (ssize_t)sizeof e)
        pressed |= e.type == EV_KEY && e.code == KEY_POWER && e.value == 1;
    return pressed;
}

static void leave(int how, const char *word, uint64_t count)
{
    say("%s count=%" PRIu64, word, count);
    tcdrain(console);
    sync();
    reboot(how);
}

/* Sleeps until the given moment, unless the power button or Ctrl-Alt-Del ends the machine first. */
static void wait_until(int64_t moment, struct pollfd *fds, int inputs, uint64_t count)
{
    for (;;) {
        int64_t left = moment - now_ms();
        if (poll(fds, (nfds_t)inputs + 1, left > 0 ? (int)left : 0) <= 0)
            return;
        struct signalfd_siginfo asked;
        if (fds[inputs].revents && read(fds[inputs].fd, &asked, sizeof asked) == (ssize_t)sizeof asked) {
            if (asked.ssi_signo == SIGINT)
                leave(RB_AUTOBOOT, "reboot", count);
            leave(RB_POWER_OFF, "shutdown", count);
        }
        for (int i = 0; i < inputs; i++)
            if (fds[i].revents && power_pressed(fds[i].fd))
                leave(RB_POWER_OFF, "shutdown", count);
    }
}

int main(void)
{
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    int serial = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (serial >= 0)
        console = serial;

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT); /* what the kernel sends process 1 for Ctrl-Alt-Del, once it is told to, and the agent for a restart */
    sigaddset(&signals, SIGTERM); /* what the agent sends for a shutdown */
    sigprocmask(SIG_BLOCK, &signals, NULL);
    reboot(RB_DISABLE_CAD);

    load_modules("/modules");
    count_firmware_boots();
    count_tpm_boots();

    char uuid[40], macs[160];
    read_line("/sys/class/dmi/id/product_uuid", uuid, sizeof uuid);
    start_network(macs, sizeof macs);
    describe_hardware();
    describe_data();
    take_address();
    start_agent();
    struct pollfd fds[INPUTS_MAX + 1];
    int inputs = open_inputs(fds);
    fds[inputs] = (struct pollfd) { .fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN };

    struct disk disk;
    struct record record = { 0 };
    const char *problem = open_disk(&disk, &record, uuid);
    uint64_t memory = memory_kb();
    if (problem) {
        say("error: %s uuid=%s memory=%" PRIu64 " macs=%s", problem, uuid, memory, macs);
        for (;;)
            wait_until(now_ms() + 60000, fds, inputs, 0);
    }

    uint64_t resumed_from = record.count, durable = record.count;
    snprintf(record.uuid, sizeof record.uuid, "%s", uuid);
    record.boots++;
    for (bool announced = false, failing = false;;) {
        if (*frozen) {
            wait_until(now_ms() + 20, fds, inputs, durable);
            continue;
        }
        int64_t next = now_ms() + record.interval_ms;
        if (!write_record(&disk, &record)) {
            if (!failing)
                say("error: count=%" PRIu64 " not written: %s", record.count, errno ? strerror(errno) : "short write");
            failing = true;
        } else {
            /* The first record written says only that this boot took place; counting goes on from the next. */
            if (announced)
                say("count=%" PRIu64, record.count);
            else
                say("name=%s uuid=%s boot=%" PRIu64 " resumed-from=%" PRIu64 " memory=%" PRIu64 " macs=%s", record.name,
                    record.uuid, record.boots, resumed_from, memory, macs);
            if (!announced)
                next = now_ms();
            announced = true;
            failing = false;
            durable = record.count++;
        }
        say_devices();
        uint64_t memory_now = memory_kb();
        if (memory_now != memory)
            say("memory=%" PRIu64, memory = memory_now);
        wait_until(next, fds, inputs, durable);
    }
}
