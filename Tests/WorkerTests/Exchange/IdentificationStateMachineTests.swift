// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("How a request's identity is found")
struct IdentificationStateMachineTests {
    typealias Machine = IdentificationStateMachine

    private func machine(_ sources: [Machine.Source] = [], impersonates: Bool = false) -> Machine {
        Machine(sources: sources, impersonates: impersonates)
    }

    @Test(
        "A verdict at once",
        arguments: [
            (Machine.Verdict.nothing, Machine.Action.refuse(.unauthenticated)),
            (.accepted, .proceed),
            (.refused, .refuse(.tokenRefused)),
            (.notOurs, .refuse(.tokenRefused)),
            (.needsKeys(issuer: 3, mark: 1), .waitForKeys(issuer: 3, mark: 1)),
        ])
    func verdicts(verdict: Machine.Verdict, action: Machine.Action) {
        var machine = machine()
        let result = machine.judged(verdict)
        #expect(result == action)
    }

    @Test("One fetch of keys is waited for; another issuer's does not count")
    func keys() {
        var machine = machine()
        #expect(machine.judged(.needsKeys(issuer: 0, mark: 1)) == .waitForKeys(issuer: 0, mark: 1))
        #expect(machine.keysArrived() == .judge)
        #expect(machine.judged(.needsKeys(issuer: 0, mark: 1)) == .waitForKeys(issuer: 0, mark: 1))
        #expect(machine.keysArrived() == .judge)
        #expect(machine.judged(.needsKeys(issuer: 0, mark: 2)) == .refuse(.keyUnknown))
        #expect(machine.keysArrived() == .none)
    }

    @Test("As many wait as may: one more is told so")
    func noRoom() {
        var machine = machine()
        _ = machine.judged(.needsKeys(issuer: 0, mark: 1))
        #expect(machine.noRoomToWait() == .refuse(.tooManyKeyWaiters))
        #expect(machine.keysArrived() == .none)
    }

    @Test("A distributed claim by an unknown key waits for its issuer's keys, whatever was waited for before")
    func claimKeys() {
        var machine = machine()
        #expect(machine.judged(.needsKeys(issuer: 0, mark: 1)) == .waitForKeys(issuer: 0, mark: 1))
        #expect(machine.keysArrived() == .judge)
        #expect(machine.judged(.needsClaim) == .ask(.distributedClaim))
        #expect(machine.claimNeedsKeys(issuer: 1, mark: 7) == .waitForKeys(issuer: 1, mark: 7))
        #expect(machine.keysArrived() == .judge)
        // The source is asked anew.
        #expect(machine.judged(.needsClaim) == .ask(.distributedClaim))
        #expect(machine.claimNeedsKeys(issuer: 1, mark: 8) == .refuse(.keyUnknown))
    }

    @Test("A token that is nobody's here is shown to the others in turn")
    func sources() {
        var machine = machine([.tokenReview, .introspection])
        #expect(machine.judged(.notOurs) == .ask(.tokenReview))
        #expect(machine.answered(.no) == .ask(.introspection))
        #expect(machine.answered(.yes) == .proceed)
        #expect(machine.answered(.yes) == .none)
    }

    @Test("A token of ours that was refused is shown to nobody")
    func ours() {
        var machine = machine([.tokenReview])
        #expect(machine.judged(.refused) == .refuse(.tokenRefused))
    }

    @Test(
        "Where one could not be asked and no other knows the token, that is said, and not that the token is bad",
        arguments: [
            ([Machine.Answer.no, .no], EndReason.Denial.tokenRefused),
            ([.failed, .no], .lookupFailed),
            ([.no, .failed], .lookupFailed),
            ([.refused, .no], .tooManyLookups),
        ])
    func failures(answers: [Machine.Answer], denial: EndReason.Denial) {
        var machine = machine([.tokenReview, .introspection])
        _ = machine.judged(.notOurs)
        _ = machine.answered(answers[0])
        #expect(machine.answered(answers[1]) == .refuse(denial))
    }

    @Test("The groups of a token of ours are asked for at their source, and nobody else is asked about it")
    func distributedClaim() {
        for (answer, action) in [
            (Machine.Answer.yes, Machine.Action.proceed), (.no, .refuse(.tokenRefused)),
            (.failed, .refuse(.lookupFailed)),
        ] {
            var machine = machine([.tokenReview, .introspection])
            #expect(machine.judged(.needsClaim) == .ask(.distributedClaim))
            #expect(machine.answered(answer) == action)
        }
    }

    @Test("One that fails does not matter if the next one knows the token")
    func failureBeforeYes() {
        var machine = machine([.tokenReview, .introspection])
        _ = machine.judged(.notOurs)
        #expect(machine.answered(.failed) == .ask(.introspection))
        #expect(machine.answered(.yes) == .proceed)
    }

    @Test(
        "All checks of an impersonation are waited for; a denial goes before a failure",
        arguments: [
            ([Machine.Answer.yes, .yes, .yes], Machine.Action.proceed),
            ([.yes, .no, .yes], .refuse(.impersonationDenied)),
            ([.failed, .yes, .no], .refuse(.impersonationDenied)),
            ([.yes, .yes, .failed], .refuse(.lookupFailed)),
            ([.refused, .yes, .yes], .refuse(.tooManyLookups)),
        ])
    func checks(answers: [Machine.Answer], last: Machine.Action) {
        var machine = machine(impersonates: true)
        #expect(machine.judged(.accepted) == .authorize)
        machine.checksBegin(answers.count)
        for answer in answers.dropLast() {
            let action = machine.checked(answer)
            #expect(action == .none)
        }
        #expect(machine.checked(answers[2]) == last)
        #expect(machine.checked(.yes) == .none)
    }

    @Test("After the exchange's end nothing happens any more")
    func ended() {
        for step in 0..<4 {
            var machine = machine([.tokenReview], impersonates: true)
            if step == 1 { _ = machine.judged(.needsKeys(issuer: 0, mark: 1)) }
            if step == 2 { _ = machine.judged(.notOurs) }
            if step == 3 {
                _ = machine.judged(.accepted)
                machine.checksBegin(2)
            }
            machine.end()
            #expect(machine.judged(.accepted) == .none)
            #expect(machine.keysArrived() == .none)
            #expect(machine.answered(.yes) == .none)
            #expect(machine.checked(.no) == .none)
        }
    }
}
