import Foundation
import Testing

@testable import ImageData

struct JpegTests {
    private func decode(_ bytes: [UInt8]) throws -> (width: Int, height: Int, pixels: [UInt8]) {
        let folder = try TemporaryFolder()
        try folder.write("x.JPEG", bytes)
        let decoder = try JpegDecoder()
        let image = try decoder.decode(path: folder.path + "/x.JPEG")
        let pixels = Array(UnsafeBufferPointer(start: image.bytes, count: 3 * image.width * image.height))
        return (image.width, image.height, pixels)
    }

    /// Corner pixels by Pillow 13.0.0: top left and bottom right.
    @Test(
        arguments: [
            (TestJpegs.colour64, [43, 218, 63], [214, 64, 174]),
            (TestJpegs.gray64, [148, 148, 148], [121, 121, 121]),
            (TestJpegs.colour60x45, [44, 218, 58], [216, 63, 179]),
            (TestJpegs.colour1x50, [41, 219, 61], [41, 61, 59]),
            (TestJpegs.inks8, [38, 221, 63], [222, 58, 178]),
        ] as [([UInt8], [UInt8], [UInt8])])
    func cornersAgreeWithPillow(_ bytes: [UInt8], _ first: [UInt8], _ last: [UInt8]) throws {
        let image = try decode(bytes)
        #expect(image.pixels.count == 3 * image.width * image.height)
        #expect(Array(image.pixels.prefix(3)) == first)
        #expect(Array(image.pixels.suffix(3)) == last)
    }

    /// Cut at any byte, a JPEG is refused: by name, in bounded time and without a crash.
    @Test(.timeLimit(.minutes(10)))
    func everyTruncationIsRefused() throws {
        for bytes in [TestJpegs.colour64, TestJpegs.colour60x45] {
            for count in stride(from: 0, to: bytes.count, by: 7) {
                #expect(try dataError { _ = try decode(Array(bytes.prefix(count))) } != nil, "\(count) bytes")
            }
        }
    }

    /// Whatever one byte is changed to, decoding ends, with a picture of some size or an error.
    @Test(.timeLimit(.minutes(10)))
    func changedBytesDoNoHarm() throws {
        let original = TestJpegs.colour60x45
        for position in 0..<original.count {
            var bytes = original
            bytes[position] ^= UInt8(truncatingIfNeeded: 1 << (position % 8)) | 0x40
            _ = try dataError { _ = try decode(bytes) }
        }
    }

    @Test func trailingBytesAreIgnored() throws {
        #expect(try decode(TestJpegs.gray64 + [13, 10]).pixels == decode(TestJpegs.gray64).pixels)
    }

    /// The size is checked before memory is taken: against a limit, and against the bytes there are.
    @Test func impossibleSizesAreRefused() throws {
        let original = TestJpegs.colour64
        let frame = try #require(original.indices.first { original[$0] == 0xFF && original[$0 + 1] == 0xC0 })
        func claim(_ height: Int, _ width: Int) -> [UInt8] {
            var bytes = original
            bytes.replaceSubrange(
                (frame + 5)..<(frame + 9),
                with: [height >> 8, height & 255, width >> 8, width & 255].map { UInt8($0) })
            return bytes
        }
        #expect(
            try dataError { _ = try decode(claim(65_500, 65_500)) }?.contains("more than the 67108864")
                == true)
        #expect(try dataError { _ = try decode(claim(8000, 8000)) }?.contains("which cannot be") == true)
        #expect(try dataError { _ = try decode(claim(0, 64)) }?.contains("has size 64×0") == true)
    }

    @Test func otherFilesAreNamed() throws {
        #expect(
            try dataError { _ = try decode([0x89, 0x50, 0x4E, 0x47, 13, 10]) }?.contains("is a PNG") == true)
        #expect(try dataError { _ = try decode(Array("<html>".utf8)) }?.contains("is text or HTML") == true)
        #expect(try dataError { _ = try decode([]) }?.contains("is empty") == true)
    }

    /// Buffers are reused: a large image, then a small one, then the large one again give what each gives
    /// alone.
    @Test func decodersCarryNothingOver() throws {
        let folder = try TemporaryFolder()
        try folder.write("large.JPEG", TestJpegs.colour64)
        try folder.write("small.JPEG", TestJpegs.inks8)
        let decoder = try JpegDecoder()
        for name in ["large", "small", "large", "small"] {
            let image = try decoder.decode(path: folder.path + "/\(name).JPEG")
            let pixels = Array(UnsafeBufferPointer(start: image.bytes, count: 3 * image.width * image.height))
            #expect(try pixels == decode(name == "large" ? TestJpegs.colour64 : TestJpegs.inks8).pixels)
            decoder.rest()
        }
    }
}
