// SPDX-License-Identifier: Apache-2.0

/// Everything one gateway is told: the whole of `kind: GatewayConfiguration`, `apiVersion: lychgate/v1`, after defaults
/// were filled in and contradictions refused.
///
/// The supervisor reads it from YAML, once, and hands it to each child as JSON in a sealed memory file, so that a child
/// never reads a half-written file and all children of one generation agree. Secrets are named by the paths of their
/// files. The one exception is what a kubeconfig holds inline: it is wrapped in `SecretText`, so that it is never
/// printed, and leaves the supervisor only in that sealed memory file.
package struct GatewayConfiguration: Codable, Equatable, Sendable {
    package static let apiVersion = "lychgate/v1"
    package static let kind = "GatewayConfiguration"

    package var listeners: [ListenerConfiguration]
    package var upstream: UpstreamConfiguration
    package var authentication: AuthenticationConfiguration
    package var workers: WorkersConfiguration
    package var recycling: RecyclingConfiguration
    package var deadlines: DeadlinesConfiguration
    package var limits: LimitsConfiguration
    package var logging: LoggingConfiguration
    package var control: ControlConfiguration
    /// nil: no admin process.
    package var admin: AdminConfiguration?

    package init(
        listeners: [ListenerConfiguration], upstream: UpstreamConfiguration,
        authentication: AuthenticationConfiguration, workers: WorkersConfiguration = .init(),
        recycling: RecyclingConfiguration = .init(), deadlines: DeadlinesConfiguration = .init(),
        limits: LimitsConfiguration = .init(), logging: LoggingConfiguration = .init(),
        control: ControlConfiguration = .init(), admin: AdminConfiguration? = nil
    ) {
        self.listeners = listeners
        self.upstream = upstream
        self.authentication = authentication
        self.workers = workers
        self.recycling = recycling
        self.deadlines = deadlines
        self.limits = limits
        self.logging = logging
        self.control = control
        self.admin = admin
    }
}
