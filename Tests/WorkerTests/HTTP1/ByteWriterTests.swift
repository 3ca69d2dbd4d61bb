// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Views and writers of bytes")
struct ByteWriterTests {
    @Test(
        "Numbers",
        arguments: [
            (0 as UInt64, "0", "0000"), (9, "9", "0009"), (10, "10", "000a"), (65_535, "65535", "ffff"),
            (UInt64.max, "18446744073709551615", "ffff"),
        ])
    func numbers(_ value: UInt64, _ decimal: String, _ hex: String) {
        let out = CodecHarness.written { writer in
            writer.append(decimal: value)
            writer.append(" ")
            writer.append(hex: value, digits: 4)
        }
        #expect(CodecHarness.text(out.bytes) == "\(decimal) \(hex)")
    }

    @Test("What does not fit is left out whole, and nothing follows")
    func overflow() {
        let out = CodecHarness.written(capacity: 5) { writer in
            writer.append("abc")
            writer.append("def")
            writer.append("g")
            writer.append(decimal: 1)
        }
        #expect(CodecHarness.text(out.bytes) == "abc")
        #expect(out.overflowed)
        #expect(CodecHarness.written(capacity: 0) { $0.append(0x41) }.overflowed)
    }

    @Test("Measuring counts what writing writes")
    func measure() {
        let length = ByteWriter.measure { writer in
            writer.append("abc")
            writer.append(decimal: 12)
            writer.append("d")
        }
        #expect(length == 6)
    }

    @Test("The first control byte, wherever it is and whatever stands around it")
    func controlBytes() {
        for length in [0, 1, 7, 8, 9, 40] {
            for control in [0x00, 0x09, 0x0A, 0x1F, 0x7F] as [UInt8] {
                for place in 0..<max(1, length) {
                    for filler in [0x20, 0x21, 0x7E, 0x80, 0xFF] as [UInt8] {
                        var bytes = [UInt8](repeating: filler, count: length)
                        #expect(CodecHarness.view(bytes) { $0.firstControlByte(from: 0) } == length)
                        guard place < length else { continue }
                        bytes[place] = control
                        #expect(CodecHarness.view(bytes) { $0.firstControlByte(from: 0) } == place)
                        #expect(CodecHarness.view(bytes) { $0.firstControlByte(from: place + 1) } == length)
                    }
                }
            }
        }
    }
}
