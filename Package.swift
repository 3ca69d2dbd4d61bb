// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What every target of ours is compiled with. Warnings are errors in CI, in tests and in what ships.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Our processes have one thread each, so what ships counts references without atomic instructions: some four hundred
/// of them for each proxied request. Tests run on many threads, and so does the simulator when it is built optimised
/// (LYCHGATE_SIMULATOR_ONLY): there it stays off. Only for targets that the programs alone use.
let oneThread: [SwiftSetting] =
    Context.environment["LYCHGATE_SIMULATOR_ONLY"] == nil
    ? [.unsafeFlags(["-Xfrontend", "-assume-single-threaded"], .when(configuration: .release))] : []

let package = Package(
    name: "lychgate",
    products: [
        .executable(name: "lychgate", targets: ["Supervisor"]),
        .executable(name: "lychgate-worker", targets: ["Worker"]),
        .executable(name: "lychgate-demo", targets: ["Demo"]),
        .executable(name: "lychgate-soak", targets: ["Soak"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CJose", pkgConfig: "cjose", providers: [.apt(["libcjose-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .target(name: "CEL", dependencies: ["CRE2"], swiftSettings: strict + oneThread),
        .target(
            name: "Shared",
            dependencies: ["CLinux", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict + oneThread),
        .executableTarget(
            name: "Supervisor",
            dependencies: [
                "Shared", "CLinux", "CSystemd", "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict + oneThread),
        .executableTarget(
            name: "Worker",
            dependencies: [
                "Shared", "CLinux", "COpenSSL", "CJose", "CCurl", "CNghttp2", "CEL",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict + oneThread),
        .executableTarget(
            name: "Demo",
            dependencies: [
                "COpenSSL", "CJose",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["CLinux", "COpenSSL"], path: "Tests/Support", swiftSettings: strict),
        .executableTarget(
            name: "Soak", dependencies: ["Shared", "TestSupport", "CLinux", "COpenSSL"], path: "Tests/Soak",
            swiftSettings: strict),
        .testTarget(name: "CELTests", dependencies: ["CEL"], swiftSettings: strict),
        .testTarget(name: "SharedTests", dependencies: ["Shared", "CLinux"], swiftSettings: strict),
        .testTarget(
            name: "SupervisorTests",
            dependencies: [
                "Supervisor", "Shared", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Upgrade/state-format-1.json"],
            swiftSettings: strict),
        .testTarget(
            name: "WorkerTests", dependencies: ["Worker", "Shared", "CEL", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Worker", "Supervisor", "Shared", "CNghttp2", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests", dependencies: ["TestSupport", "Shared"], exclude: ["Scripts"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// What `scripts/simulate` builds, optimised, into a folder of its own: the simulator, and none of the other tests or of the
// programs that only they start. (The list of dependencies stays as it is: Package.resolved belongs to all builds.)
if Context.environment["LYCHGATE_SIMULATOR_ONLY"] != nil {
    let others: Set = ["Demo", "Soak", "TestSupport"]
    package.products = []
    package.targets.removeAll { $0.isTest ? $0.name != "SimulationTests" : others.contains($0.name) }
}
