// SPDX-License-Identifier: Apache-2.0

/// A kind of misfortune that a world may know. Shrinking takes them away one by one.
enum Trouble: String, CaseIterable {
    // The network
    case partialReadsAndWrites
    case clientsReset
    case clientsFinish
    case clientsVanish
    case clientsReadSlowly
    case clientsStall
    case pipelining
    // Clients that do wrong
    case malformedHeads
    case malformedBodies
    case foreignIdentity
    case badTokens
    case lateKeys
    // The API server
    case refusedConnects
    case silentConnects
    case upstreamCloses
    case upstreamResets
    case upstreamStalls
    case upstreamSlow
    case keptConnectionsClose
    case earlyResponses
    case wrongLengths
    case malformedResponses
    case interimResponses
    // The machine
    case descriptorLimit
    case lostDescriptors
    case fullChannels
    case clockJumps
    case tightMemory
    case tightPool
    case fewRows
    case fewCredits
    // Processes
    case workersDie
    case workersHang
    case childrenDoNotStart
    case keyringDies
    case earlyShutdown
    case repeatedSignals
    case supervisorDies
    // HTTP/2 (what is added later stands last, so that older seeds keep their troubles)
    case streamsReset
    // The supervisor's own doings
    case reloads
    case editionsFail
    case recycles
    case memoryGrows
    // The identity provider
    case providerDown
    case keysRotate
}
