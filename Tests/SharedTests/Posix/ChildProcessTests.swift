// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing

@testable import Shared

@Suite("Child process")
struct ChildProcessTests {
    private static func wait(for child: borrowing ChildProcess) -> ChildProcess.Exit? {
        for _ in 0..<10_000 {
            if let exit = child.reap() { return exit }
            usleep(1_000)
        }
        child.signal(SIGKILL)
        return nil
    }

    /// Runs a shell script whose descriptor 3 is ours to read; more descriptors may follow.
    private static func output(
        _ script: String, environment: [String] = [], more: [Int32] = []
    ) throws -> String {
        let (mine, theirs) = try Sockets.streamPair()
        defer { close(mine) }
        let child = try ChildProcess.spawn(
            path: "/bin/sh", arguments: ["-c", script], environment: environment, descriptors: [theirs] + more)
        close(theirs)
        let text = try #require(Sockets.readToEnd(mine))
        #expect(wait(for: child)?.code == 0)
        return text
    }

    @Test func theEnvironmentIsExactlyWhatWasGiven() throws {
        #expect(
            try Self.output("cat /proc/$$/environ >&3", environment: ["PATH=/bin:/usr/bin", "A=b c"])
                == "PATH=/bin:/usr/bin\0A=b c\0")
        #expect(try Self.output("/bin/cat /proc/$$/environ >&3").isEmpty)
    }

    @Test func onlyWantedDescriptorsAreOpen() throws {
        // One that would be inherited, were it not closed.
        let stray = fcntl(2, F_DUPFD, 40)
        defer { close(stray) }
        let file = try MemoryFile.sealed(name: "wanted", bytes: [1])
        let (mine, theirs) = try Sockets.streamPair()
        defer { for fd in [mine, theirs] { close(fd) } }
        let child = try ChildProcess.spawn(
            path: "/bin/sleep", arguments: ["600"], descriptors: [theirs, -1, file.raw])
        let listing = try Self.output("/bin/ls -l /proc/\(child.pid)/fd >&3")
        child.signal(SIGKILL)
        let exit = Self.wait(for: child)
        #expect(exit?.signal == SIGKILL)
        var open: [String: String] = [:]
        for line in listing.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let arrow = words.firstIndex(of: "->"), arrow > 0 else { continue }
            open[String(words[arrow - 1])] = String(words[arrow + 1])
        }
        #expect(Set(open.keys) == ["0", "1", "2", "3", "5"])
        #expect(open["0"] == "/dev/null")
        #expect(open["3"]?.hasPrefix("socket:") == true)
        #expect(open["5"]?.hasPrefix("/memfd:wanted") == true)
    }

    /// In a process of its own, in which the numbers are known.
    @Test func anySourceNumbersMayBeGiven() async {
        await #expect(processExitsWith: .success) {
            // Low numbers overlap the targets; from 11 on and from 64 on they could overlap where copies are kept.
            for base: Int32 in [0, 11, 12, 19, 60, 63, 64, 65, 70] {
                var mine: [Int32] = []
                var sources: [Int32] = []
                for _ in 0..<8 {
                    let (left, right) = try Sockets.streamPair()
                    mine.append(left)
                    sources.append(fcntl(right, F_DUPFD_CLOEXEC, base))
                    close(right)
                }
                sources.reverse()
                mine.reverse()
                let script = (3...10).map { "printf \($0) >&\($0)" }.joined(separator: ";")
                let child = try ChildProcess.spawn(
                    path: "/bin/bash", arguments: ["-c", script], descriptors: sources)
                for fd in sources { close(fd) }
                for (index, fd) in mine.enumerated() {
                    #expect(Sockets.readToEnd(fd) == "\(3 + index)", "sources from \(base)")
                    close(fd)
                }
                let exit = ChildProcessTests.wait(for: child)
                #expect(exit?.code == 0)
            }
        }
    }

    @Test func signalsAreDefaultAndUnblocked() async {
        await #expect(processExitsWith: .success) {
            let signals = try SignalDescriptor([SIGTERM, SIGCHLD])
            _ = signal(SIGUSR1, SIG_IGN)
            let status = try ChildProcessTests.output("/bin/cat /proc/self/status >&3")
            var sets: [Substring: UInt64] = [:]
            for line in status.split(separator: "\n") {
                let words = line.split(separator: ":\t")
                if words.count == 2, words[0].hasPrefix("Sig") { sets[words[0]] = UInt64(words[1], radix: 16) }
            }
            #expect(sets["SigBlk"] == 0)
            #expect(sets["SigCgt"] == 0)
            // glibc's posix_spawn leaves its own two, 32 and 33, ignored.
            #expect(sets["SigIgn"].map { $0 & ~0x1_8000_0000 } == 0)
            _ = consume signals
        }
    }

    @Test func exitCodeAndUsage() throws {
        let child = try ChildProcess.spawn(
            path: "/bin/sh", arguments: ["-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; exit 7"],
            descriptors: [])
        let ended = Self.wait(for: child)
        let exit = try #require(ended)
        #expect(exit.code == 7)
        #expect(exit.signal == nil)
        #expect(exit.description == "exit 7")
        #expect(exit.userMicroseconds + exit.systemMicroseconds > 0)
        #expect(exit.userMicroseconds < 60_000_000)
        #expect(exit.maxResidentKiB > 100)
        let again = child.reap()
        #expect(again == nil, "it can be reaped once")
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func signalled(number: Int32) throws {
        let child = try ChildProcess.spawn(path: "/bin/sleep", arguments: ["600"], descriptors: [])
        let early = child.reap()
        #expect(early == nil)
        child.signal(number)
        let ended = Self.wait(for: child)
        let exit = try #require(ended)
        #expect(exit.code == nil)
        #expect(exit.signal == number)
        #expect(exit.description == "signal \(number)")
        child.signal(number)
    }

    @Test func itsEndIsAnEventOfTheLoop() throws {
        let reactor = Reactor(kernel: try LinuxKernel())
        let handler = ReactorTests.Handler()
        let child = try ChildProcess.spawn(path: "/bin/sleep", arguments: ["0.02"], descriptors: [])
        var registration = try reactor.register(child.pidfd.raw, .read, handler: handler)
        #expect(
            eventually {
                reactor.turn(maxWait: .milliseconds(50))
                return !handler.events.isEmpty
            })
        reactor.remove(&registration)
        let exit = Self.wait(for: child)
        #expect(exit?.code == 0)
    }

    @Test func whatCannotBeStartedIsAnError() {
        #expect(throws: Errno(ENOENT)) {
            _ = try ChildProcess.spawn(path: "/nonexistent", arguments: [], descriptors: [])
        }
        #expect(throws: Errno(EBADF)) {
            _ = try ChildProcess.spawn(path: "/bin/sh", arguments: [], descriptors: [9_999])
        }
        #expect(throws: Errno(EINVAL)) {
            _ = try ChildProcess.spawn(path: "/bin/sh", arguments: [], descriptors: .init(repeating: -1, count: 9))
        }
    }

    @Test func aChildThatCannotBeHeldIsNotLeftRunning() async {
        await #expect(processExitsWith: .success) {
            var outcome = "started"
            try Limits.withoutFreeDescriptors {
                do throws(Errno) {
                    _ = try ChildProcess.spawn(path: "/bin/sleep", arguments: ["600"], descriptors: [])
                } catch {
                    outcome = error == .tooManyFiles ? "refused" : error.description
                }
            }
            #expect(outcome == "refused", "\(outcome)")
            let left = waitpid(-1, nil, WNOHANG)
            let reason = Errno(errno)
            #expect(left == -1 && reason == Errno(ECHILD), "\(left) \(reason)")
        }
    }
}
