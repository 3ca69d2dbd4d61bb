// SPDX-License-Identifier: Apache-2.0

/// What Swift cannot import from glibc and the kernel: functions behind _GNU_SOURCE, macros, variadic calls.
/// Each function is one system call; a result below zero is the negated errno, so that no errno crosses a call.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/sockios.h>

/// An epoll event without the packed union, which Swift imports awkwardly.
struct lg_event {
    uint32_t events;
    uint64_t data;
};

int lg_epoll_create(void);
int lg_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t data);
/// Waits at most `timeout_ns` (below zero: for ever); fills `out` and gives the count.
int lg_epoll_wait(int epoll, struct lg_event *out, int capacity, int64_t timeout_ns);

/// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC.
int lg_accept(int listener, struct sockaddr_storage *peer, uint32_t *length);
int lg_socket(int domain, int type);
int lg_connect(int fd, const void *address, uint32_t length);
int lg_bind(int fd, const void *address, uint32_t length);
int lg_listen(int fd, int backlog);
int lg_socketpair_seqpacket(int out[2]);
int lg_getsockname(int fd, struct sockaddr_storage *name, uint32_t *length);
int lg_set_option(int fd, int level, int name, int value);
int lg_get_option(int fd, int level, int name);
/// SO_LINGER with time-out 0: close(2), also that of a dying process, then sends RST. `on` false: FIN again.
int lg_set_linger_reset(int fd, bool on);
/// SO_PEERCRED; fills uid, gid and pid.
int lg_peer_credentials(int fd, uint32_t *uid, uint32_t *gid, int32_t *pid);
/// The size of the terminal that a descriptor is, in characters; the negated errno where it is none (ioctl_tty(2)).
int lg_terminal_size(int fd, int *rows, int *columns);
/// SO_PEERGROUPS: 1 when `group` is among the peer's supplementary groups.
int lg_peer_in_group(int fd, uint32_t group);
int lg_set_nonblocking(int fd);
/// Whether systemd has marked this control group as delegated (its attribute user.delegate or trusted.delegate is 1).
bool lg_is_delegated(const char *folder);
/// The user who owns a file; below zero: the negated errno.
int64_t lg_file_owner(const char *path);
/// The processors that a process (0: this one) may run on, by their numbers, the first `capacity` of them; how many
/// there are, or the negated errno (sched_getaffinity(2)).
int lg_affinity(int pid, int *processors, int capacity);
/// Lets the main thread of a process run on one processor alone (sched_setaffinity(2)).
int lg_pin(int pid, int processor);
/// Bytes that somebody has read from a TCP socket: received less unread (and less a received FIN); negated errno.
int64_t lg_tcp_bytes_consumed(int fd);

long lg_read(int fd, void *bytes, size_t count);
long lg_write(int fd, const void *bytes, size_t count);
/// write(2) if poll(2) says that it would not block: for descriptors that must stay blocking because others share them.
/// A pipe then has room for PIPE_BUF bytes; no more than that may be given.
long lg_write_if_ready(int fd, const void *bytes, size_t count);
/// recv(2) with MSG_DONTWAIT: on a socket it costs the kernel less than read(2).
long lg_receive(int fd, void *bytes, size_t count);
/// Whether lg_receive would give anything now: bytes, the end, or an error. Takes nothing.
bool lg_has_unread(int fd);
/// send(2) with MSG_NOSIGNAL | MSG_DONTWAIT.
long lg_send(int fd, const void *bytes, size_t count);
int lg_shutdown(int fd, int how);
int lg_close(int fd);
/// A second descriptor of the same open file, close-on-exec, above the standard ones.
int lg_duplicate(int fd);
/// Whether it is closed when this process becomes another program (FD_CLOEXEC).
int lg_set_close_on_exec(int fd, bool closes);

/// One record over a SOCK_SEQPACKET socket, with one descriptor when `passed` >= 0; never blocks.
long lg_send_record(int fd, const void *bytes, size_t count, int passed);
enum {
    LG_RECORD_TRUNCATED = 1,
    LG_DESCRIPTOR_LOST = 2
};
/// Receives one record. `*passed` is the descriptor that came with it (CLOEXEC) or -1; surplus ones are closed.
/// `*flags`: LG_RECORD_TRUNCATED, LG_DESCRIPTOR_LOST. 0 = end of file.
long lg_receive_record(int fd, void *bytes, size_t capacity, int *passed, int *flags);

int lg_memfd(const char *name);
int lg_memfd_seal(int fd);
/// Fixes the size only; the contents may still be written.
int lg_memfd_seal_size(int fd);
bool lg_memfd_is_sealed(int fd);
int lg_ftruncate(int fd, int64_t size);
int64_t lg_file_size(int fd);
/// mmap(2) of the whole file, shared; NULL on failure.
void *lg_map_shared(int fd, size_t size, bool writable);
int lg_unmap(void *address, size_t size);

/// Blocks `count` signals for this process and gives a signalfd for them.
int lg_signal_descriptor(const int *signals, int count);
/// Reads one signal number from a signalfd; 0 = none waiting.
int lg_read_signal(int fd);
/// Ignores SIGPIPE: a peer that is gone is an error of the write, not a death of the process.
void lg_ignore_sigpipe(void);

/// SIGKILL and waitpid(2), for a child that cannot be watched.
void lg_kill_and_reap(int pid);
int lg_pidfd_open(int pid);
int lg_pidfd_send_signal(int pidfd, int signal);
/// waitid(2) on a pidfd without blocking: 1 = reaped (status as waitpid gives it, rusage filled), 0 = still running.
int lg_pidfd_reap(int pidfd, int *status, struct rusage *usage);
bool lg_status_exited(int status);
int lg_status_code(int status);
int lg_status_signal(int status);

/// posix_spawn(3) of `path`: descriptors `fds[i]` become 3 + i (below zero: left closed), standard output and error are
/// kept, standard input is /dev/null, everything else is closed; default signals, nothing blocked; environment `envp`.
/// The child's pid, or the negated errno.
int lg_spawn(const char *path, char *const argv[], char *const envp[], const int *fds, int count);
/// When the parent dies (PR_SET_PDEATHSIG), SIGALRM ends this process after so many seconds, whatever it does then, hung
/// or stopped: the signal of the death is SIGCONT. `channel`: a socket whose other end only the parent has.
int lg_end_after_parent(unsigned seconds, int channel);
/// When the parent dies, so does this process, at once (SIGKILL).
int lg_end_with_parent(void);
/// malloc_trim(3).
void lg_give_back_freed_memory(void);
/// PR_SET_DUMPABLE.
int lg_set_dumpable(bool dumpable);
int lg_set_process_name(const char *name);

uint64_t lg_monotonic_ns(void);
/// A signal ends it early.
void lg_sleep(uint64_t nanoseconds);
int64_t lg_realtime_seconds(void);
int64_t lg_realtime_ms(void);

/// What tells one state of a file from another: modification time, size, inode; false when it cannot be looked at.
struct lg_file_stamp {
    int64_t modified_ns;
    int64_t size;
    uint64_t inode;
};
bool lg_stat_stamp(const char *path, struct lg_file_stamp *stamp);
/// open(2) for reading, never a device or a FIFO that would block.
int lg_open_for_reading(const char *path);
/// open(2) with O_PATH: a name for a file that stays the same file, whatever its path comes to mean.
int lg_open_path(const char *path);

/// The path that this process was started from, as execve(2) was given it (AT_EXECFN, getauxval(3)); NULL: unknown.
const char *lg_started_from(void);
/// What scripts/stamp-version wrote into this program's section .lychgate.version: at most `capacity` - 1 bytes and a
/// NUL; empty: nothing was.
void lg_version_stamp(char *out, size_t capacity);

/// A name being resolved by glibc in the background (getaddrinfo_a(3)), so that no look-up ever holds the loop.
struct lg_resolution;
struct lg_resolution *lg_resolve_start(const char *host);
/// 1 = done (`count` addresses filled, at most `capacity`), 0 = still going on, below zero = it failed (EAI_*).
int lg_resolve_poll(
    struct lg_resolution *resolution, struct sockaddr_storage *addresses, int capacity, int *count);
/// Gives a finished resolution's memory back.
void lg_resolve_free(struct lg_resolution *resolution);

/// Atomic words of shared memory. One process writes each word; others only read.
static inline uint64_t lg_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void lg_store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint64_t lg_load_relaxed(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline void lg_store_relaxed(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }
static inline void lg_fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void lg_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/// malloc, realloc and free for OpenSSL (CRYPTO_set_mem_functions(3)), in a process of one thread: a few blocks of a TLS
/// record's size are kept at hand.
void *lg_record_malloc(size_t size, const char *file, int line);
void *lg_record_realloc(void *block, size_t size, const char *file, int line);
void lg_record_free(void *block, const char *file, int line);
