// SPDX-License-Identifier: Apache-2.0

/// Recognizes RSA keys of the faulty generator in Infineon's chips (ROCA, CVE-2017-15361), which can be factored.
///
/// Their primes are powers of 65537 modulo many small primes, and so is their modulus: Nemec et al., "The Return of
/// Coppersmith's Attack", section 4.1. Another key passes for one of them with a probability below 2^-100.
enum ROCAFingerprint {
    private static let smallPrimes: [UInt32] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
        113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ]

    static func matches(modulus: [UInt8]) -> Bool {
        smallPrimes.allSatisfy { prime in
            let residue = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
            var power: UInt32 = 1
            repeat {
                if power == residue { return true }
                power = power * (65_537 % prime) % prime
            } while power != 1
            return false
        }
    }
}
