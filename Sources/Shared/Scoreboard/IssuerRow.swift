// SPDX-License-Identifier: Apache-2.0

/// One issuer as the keyring sees it, on the keyring's panel, in place of an exchange.
package struct IssuerRow: Equatable, Sendable {
    /// The issuer's URL, cut to 104 bytes.
    package var url: String
    /// When its keys were last fetched with success, in seconds since 1970; 0: there are none.
    package var fetchedAt: UInt64

    package init(url: String, fetchedAt: UInt64) {
        self.url = url
        self.fetchedAt = fetchedAt
    }

    /// As it lies on the panel.
    package init(_ row: ExchangeRow) {
        url = row.path.text
        fetchedAt = row.bytesFromClient
    }

    /// - Parameter place: the issuer's in the configuration.
    package func row(place: Int) -> ExchangeRow {
        var row = ExchangeRow()
        row.id = UInt64(place) + 1
        row.path = FixedText(url)
        row.bytesFromClient = fetchedAt
        return row
    }
}
