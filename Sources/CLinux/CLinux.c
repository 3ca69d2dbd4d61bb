// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define RESULT(expression)                            \
    do {                                              \
        long result_ = (long)(expression);            \
        return result_ < 0 ? (int)-errno : (int)result_; \
    } while (0)

int lg_epoll_create(void) { RESULT(epoll_create1(EPOLL_CLOEXEC)); }

int lg_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    RESULT(epoll_ctl(epoll, operation, fd, &event));
}

int lg_epoll_wait(int epoll, struct lg_event *out, int capacity, int64_t timeout_ns) {
    struct epoll_event events[256];
    if (capacity > 256) capacity = 256;
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    int count = epoll_pwait2(epoll, events, capacity, timeout_ns < 0 ? NULL : &timeout, NULL);
    if (count < 0 && errno == ENOSYS) {
        // Before Linux 5.11, and under valgrind: milliseconds, rounded up so that the loop does not spin.
        int64_t rounded = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
        count = epoll_wait(epoll, events, capacity, rounded > INT32_MAX ? INT32_MAX : (int)rounded);
    }
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        out[i].events = events[i].events;
        out[i].data = events[i].data.u64;
    }
    return count;
}

int lg_accept(int listener, struct sockaddr_storage *peer, uint32_t *length) {
    socklen_t size = sizeof *peer;
    int fd = accept4(listener, (struct sockaddr *)peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    *length = size;
    RESULT(fd);
}

int lg_socket(int domain, int type) { RESULT(socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }
int lg_connect(int fd, const void *address, uint32_t length) { RESULT(connect(fd, address, length)); }
int lg_bind(int fd, const void *address, uint32_t length) { RESULT(bind(fd, address, length)); }
int lg_listen(int fd, int backlog) { RESULT(listen(fd, backlog)); }
int lg_socketpair_seqpacket(int out[2]) {
    RESULT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out));
}

int lg_getsockname(int fd, struct sockaddr_storage *name, uint32_t *length) {
    socklen_t size = sizeof *name;
    int result = getsockname(fd, (struct sockaddr *)name, &size);
    *length = size;
    RESULT(result);
}

int lg_set_option(int fd, int level, int name, int value) {
    RESULT(setsockopt(fd, level, name, &value, sizeof value));
}

int lg_get_option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(fd, level, name, &value, &size) < 0) return -errno;
    return value;
}

int lg_set_linger_reset(int fd, bool on) {
    struct linger linger = {.l_onoff = on, .l_linger = 0};
    RESULT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
}

int lg_peer_credentials(int fd, uint32_t *uid, uint32_t *gid, int32_t *pid) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -errno;
    *uid = credentials.uid;
    *gid = credentials.gid;
    *pid = credentials.pid;
    return 0;
}

// glibc's struct tcp_info of Debian 12 ends before tcpi_bytes_received, and <linux/tcp.h> cannot stand beside
// <netinet/tcp.h>. The kernel's layout is append-only: 8 bytes of flags, 24 32-bit words, then 64-bit words, of which
// tcpi_bytes_received is the fourth (include/uapi/linux/tcp.h).
enum { TCPI_STATE_OFFSET = 0, TCPI_BYTES_RECEIVED_OFFSET = 8 + 24 * 4 + 3 * 8 };

int64_t lg_tcp_bytes_consumed(int fd) {
    unsigned char info[TCPI_BYTES_RECEIVED_OFFSET + 8];
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) < 0) return -errno;
    if (size < sizeof info) return -ENOTSUP;
    uint64_t received;
    memcpy(&received, info + TCPI_BYTES_RECEIVED_OFFSET, sizeof received);
    int unread = 0;
    if (ioctl(fd, FIONREAD, &unread) < 0) return -errno;
    int64_t consumed = (int64_t)received - unread;
    // A FIN counts as one received byte, and FIONREAD leaves it out. After a reset it is not known whether one came
    // first; nobody can lose anything there any more.
    unsigned char state = info[TCPI_STATE_OFFSET];
    bool fin = state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING || state == TCP_TIME_WAIT ||
               state == TCP_CLOSE;
    if (fin && consumed > 0) consumed -= 1;
    return consumed;
}

int lg_terminal_size(int fd, int *rows, int *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int lg_peer_in_group(int fd, uint32_t group) {
    gid_t groups[256];
    socklen_t size = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) return -errno;
    for (size_t i = 0; i < size / sizeof groups[0]; i++)
        if (groups[i] == group) return 1;
    return 0;
}

int lg_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    RESULT(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

bool lg_is_delegated(const char *folder) {
    static const char *const names[] = {"user.delegate", "trusted.delegate"};
    for (int i = 0; i < 2; i++) {
        char value[2];
        if (getxattr(folder, names[i], value, sizeof value) == 1 && value[0] == '1') return true;
    }
    return false;
}

int64_t lg_file_owner(const char *path) {
    struct stat status;
    if (stat(path, &status) < 0) return -errno;
    return status.st_uid;
}

// The kernel refuses a set that is smaller than its own; this is more than any kernel's (NR_CPUS is 8,192 at most).
typedef struct {
    cpu_set_t part[8];
} processor_set;

int lg_affinity(int pid, int *processors, int capacity) {
    processor_set set = {0};
    if (sched_getaffinity(pid, sizeof set, set.part) < 0) return -errno;
    int count = 0;
    for (int i = 0; i < (int)sizeof set * 8; i++) {
        if (!CPU_ISSET_S(i, sizeof set, set.part)) continue;
        if (count < capacity) processors[count] = i;
        count++;
    }
    return count;
}

int lg_pin(int pid, int processor) {
    processor_set set = {0};
    if (processor < 0 || processor >= (int)sizeof set * 8) return -EINVAL;
    CPU_SET_S(processor, sizeof set, set.part);
    RESULT(sched_setaffinity(pid, sizeof set, set.part));
}

long lg_read(int fd, void *bytes, size_t count) {
    long result = read(fd, bytes, count);
    return result < 0 ? -errno : result;
}

long lg_write(int fd, const void *bytes, size_t count) {
    long result = write(fd, bytes, count);
    return result < 0 ? -errno : result;
}

long lg_write_if_ready(int fd, const void *bytes, size_t count) {
    if (count > PIPE_BUF) return -EMSGSIZE;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) < 0) return -errno;
    return ready.revents & POLLOUT ? lg_write(fd, bytes, count) : -EAGAIN;
}

long lg_receive(int fd, void *bytes, size_t count) {
    long result = recv(fd, bytes, count, MSG_DONTWAIT);
    return result < 0 ? -errno : result;
}

bool lg_has_unread(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

long lg_send(int fd, const void *bytes, size_t count) {
    long result = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    return result < 0 ? -errno : result;
}

int lg_shutdown(int fd, int how) { RESULT(shutdown(fd, how)); }
int lg_close(int fd) { RESULT(close(fd)); }
int lg_duplicate(int fd) { RESULT(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }
int lg_set_close_on_exec(int fd, bool closes) { RESULT(fcntl(fd, F_SETFD, closes ? FD_CLOEXEC : 0)); }

long lg_send_record(int fd, const void *bytes, size_t count, int passed) {
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (passed >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    long result = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return result < 0 ? -errno : result;
}

long lg_receive_record(int fd, void *bytes, size_t capacity, int *passed, int *flags) {
    struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 4)];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *passed = -1;
    *flags = 0;
    long result = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (result < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int received;
            memcpy(&received, CMSG_DATA(header) + i * sizeof(int), sizeof received);
            if (*passed < 0)
                *passed = received;
            else
                close(received);
        }
    }
    if (message.msg_flags & MSG_TRUNC) *flags |= LG_RECORD_TRUNCATED;
    if (message.msg_flags & MSG_CTRUNC) *flags |= LG_DESCRIPTOR_LOST;
    return result;
}

int lg_memfd(const char *name) { RESULT(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)); }

enum { ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int lg_memfd_seal(int fd) { RESULT(fcntl(fd, F_ADD_SEALS, ALL_SEALS)); }

int lg_memfd_seal_size(int fd) { RESULT(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)); }

bool lg_memfd_is_sealed(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

int lg_ftruncate(int fd, int64_t size) { RESULT(ftruncate(fd, size)); }

int64_t lg_file_size(int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0) return -errno;
    return status.st_size;
}

void *lg_map_shared(int fd, size_t size, bool writable) {
    void *address = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    return address == MAP_FAILED ? NULL : address;
}

int lg_unmap(void *address, size_t size) { RESULT(munmap(address, size)); }

int lg_signal_descriptor(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -errno;
    RESULT(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

int lg_read_signal(int fd) {
    struct signalfd_siginfo info;
    long result = read(fd, &info, sizeof info);
    if (result == (long)sizeof info) return (int)info.ssi_signo;
    return result < 0 && errno != EAGAIN ? -errno : 0;
}

void lg_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

void lg_kill_and_reap(int pid) {
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
}

int lg_pidfd_open(int pid) { RESULT(syscall(SYS_pidfd_open, pid, 0)); }
int lg_pidfd_send_signal(int pidfd, int signal) { RESULT(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0)); }

int lg_pidfd_reap(int pidfd, int *status, struct rusage *usage) {
    siginfo_t info = {0};
    if (syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, &info, WEXITED | WNOHANG, usage) < 0) return -errno;
    if (info.si_pid == 0) return 0;
    *status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8
                                         : (info.si_status & 0x7f) | (info.si_code == CLD_DUMPED ? 0x80 : 0);
    return 1;
}

bool lg_status_exited(int status) { return WIFEXITED(status); }
int lg_status_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int lg_status_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

int lg_spawn(const char *path, char *const argv[], char *const envp[], const int *fds, int count) {
    enum { FIRST = 3, MOST = 8 };
    if (count > MOST) return -EINVAL;
    // Where the sources are parked: MOST numbers in a row that no source has. Of MOST + 1 such rows one is free.
    int parked = FIRST + MOST;
    for (int i = 0; i < count; i++)
        if (fds[i] >= parked && fds[i] < parked + MOST) {
            parked += MOST;
            i = -1;
        }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return -error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return -error;
    }
    // Two steps, because a source may itself have one of the target numbers: first all go out of the way.
    for (int i = 0; i < count && !error; i++)
        if (fds[i] >= 0) error = posix_spawn_file_actions_adddup2(&actions, fds[i], parked + i);
    for (int i = 0; i < count && !error; i++)
        if (fds[i] >= 0) error = posix_spawn_file_actions_adddup2(&actions, parked + i, FIRST + i);
    for (int i = 0; i < count && !error; i++)
        if (fds[i] < 0) error = posix_spawn_file_actions_addclose(&actions, FIRST + i);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, FIRST + count);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t pid = 0;
    if (!error) error = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error ? -error : pid;
}

// Written before the signal can come, and read in its handler alone.
static volatile pid_t watched_parent;
static volatile unsigned left_alone_for;

static void perhaps_left_alone(int signal) {
    (void)signal;
    // SIGCONT comes from a shell as well: only a parent's death gives us another one. Neither call touches errno.
    if (getppid() != watched_parent) alarm(left_alone_for);
}

int lg_end_after_parent(unsigned seconds, int channel) {
    watched_parent = getppid();
    left_alone_for = seconds;
    struct sigaction action = {.sa_handler = perhaps_left_alone, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGCONT, &action, NULL) < 0) return -errno;
    if (prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0) < 0) return -errno;
    // It may have died before that; then its end of the channel is closed.
    struct pollfd end = {.fd = channel};
    if (poll(&end, 1, 0) > 0 && end.revents & POLLHUP) alarm(seconds);
    return 0;
}

int lg_end_with_parent(void) { RESULT(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)); }

void lg_give_back_freed_memory(void) { malloc_trim(0); }

int lg_set_dumpable(bool dumpable) { RESULT(prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, 0, 0, 0)); }
int lg_set_process_name(const char *name) { RESULT(prctl(PR_SET_NAME, name, 0, 0, 0)); }

uint64_t lg_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void lg_sleep(uint64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

int64_t lg_realtime_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

int64_t lg_realtime_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool lg_stat_stamp(const char *path, struct lg_file_stamp *stamp) {
    struct stat status;
    if (stat(path, &status) < 0) return false;
    stamp->modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    stamp->size = status.st_size;
    stamp->inode = status.st_ino;
    return true;
}

int lg_open_for_reading(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -errno;
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return -EINVAL;
    }
    return fd;
}

int lg_open_path(const char *path) { RESULT(open(path, O_PATH | O_CLOEXEC)); }

const char *lg_started_from(void) { return (const char *)getauxval(AT_EXECFN); }

// Volatile, so that the compiler does not take the zeros for what will be there when the program runs.
__attribute__((section(".lychgate.version"), used)) static const volatile char version_stamp[64] = {0};

void lg_version_stamp(char *out, size_t capacity) {
    size_t length = 0;
    while (length + 1 < capacity && length < sizeof version_stamp && version_stamp[length]) {
        out[length] = version_stamp[length];
        length++;
    }
    out[length] = 0;
}

struct lg_resolution {
    struct gaicb request;
    struct addrinfo hints;
    char host[];
};

struct lg_resolution *lg_resolve_start(const char *host) {
    struct lg_resolution *resolution = calloc(1, sizeof *resolution + strlen(host) + 1);
    if (!resolution) return NULL;
    strcpy(resolution->host, host);
    resolution->hints.ai_socktype = SOCK_STREAM;
    resolution->hints.ai_flags = AI_ADDRCONFIG;
    resolution->request.ar_name = resolution->host;
    resolution->request.ar_request = &resolution->hints;
    struct gaicb *list[] = {&resolution->request};
    if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
        free(resolution);
        return NULL;
    }
    return resolution;
}

int lg_resolve_poll(
    struct lg_resolution *resolution, struct sockaddr_storage *addresses, int capacity, int *count) {
    int error = gai_error(&resolution->request);
    *count = 0;
    if (error == EAI_INPROGRESS) return 0;
    if (error) return error < 0 ? error : -error;
    for (struct addrinfo *entry = resolution->request.ar_result; entry && *count < capacity; entry = entry->ai_next) {
        if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
        memset(&addresses[*count], 0, sizeof addresses[*count]);
        memcpy(&addresses[*count], entry->ai_addr, entry->ai_addrlen);
        *count += 1;
    }
    return 1;
}

void lg_resolve_free(struct lg_resolution *resolution) {
    if (resolution->request.ar_result) freeaddrinfo(resolution->request.ar_result);
    free(resolution);
}

// A process of one thread calls these.
enum { RECORD_LEAST = 16384, RECORD_ROOM = 17408, RECORDS_KEPT = 8 };
static void *kept_records[RECORDS_KEPT];
static int kept_count;

void *lg_record_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size < RECORD_LEAST || size > RECORD_ROOM) return malloc(size);
    return kept_count > 0 ? kept_records[--kept_count] : malloc(RECORD_ROOM);
}

void *lg_record_realloc(void *block, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return realloc(block, size);
}

void lg_record_free(void *block, const char *file, int line) {
    (void)file, (void)line;
    if (block && kept_count < RECORDS_KEPT) {
        size_t room = malloc_usable_size(block);
        if (room >= RECORD_ROOM && room < RECORD_ROOM + 64) {
            kept_records[kept_count++] = block;
            return;
        }
    }
    free(block);
}
