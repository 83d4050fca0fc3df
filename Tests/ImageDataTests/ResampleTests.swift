import Foundation
import Testing

@testable import ImageData

struct ResampleTests {
    struct Case: Sendable {
        let width, height, outWidth, outHeight: Int
        let expected: [UInt8]
    }

    /// `Image.fromarray(picture).resize((outWidth, outHeight), Image.BILINEAR)` of Pillow 13.0.0.
    static let pillow = [
        Case(
            width: 7, height: 5, outWidth: 4, outHeight: 3,
            expected: [
                24, 15, 93, 82, 36, 102, 150, 91, 112, 208, 164, 120, 41, 61, 104, 99, 82, 144, 167, 137, 181,
                225,
                180, 178, 58, 107, 114, 116, 128, 186, 184, 183, 145, 166, 122, 94,
            ]),
        Case(
            width: 3, height: 2, outWidth: 5, outHeight: 4,
            expected: [
                0, 0, 90, 15, 2, 90, 37, 5, 90, 59, 14, 90, 74, 20, 90, 3, 7, 90, 18, 9, 91, 40, 12, 93, 62,
                21, 95,
                77, 27, 97, 8, 22, 90, 23, 24, 94, 45, 27, 100, 67, 36, 106, 82, 42, 110, 11, 29, 90, 26, 31,
                95, 48,
                34, 103, 70, 43, 111, 85, 49, 116,
            ]),
        Case(
            width: 1, height: 6, outWidth: 4, outHeight: 2,
            expected: [
                14, 36, 90, 14, 36, 90, 14, 36, 90, 14, 36, 90, 41, 109, 90, 41, 109, 90, 41, 109, 90, 41,
                109, 90,
            ]),
        Case(
            width: 9, height: 1, outWidth: 2, outHeight: 3,
            expected: [81, 36, 90, 121, 141, 90, 81, 36, 90, 121, 141, 90, 81, 36, 90, 121, 141, 90]),
    ]

    /// A picture that is the same formula here and where the expected values were made.
    static func picture(_ width: Int, _ height: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                bytes.append(UInt8((x * 37 + y * 11) % 256))
                bytes.append(UInt8((x * x * 5 + y * 29) % 256))
                bytes.append(UInt8((x * y * 13 + 90) % 256))
            }
        }
        return bytes
    }

    static func resize(
        _ picture: [UInt8], _ width: Int, _ height: Int, _ across: ResampleAxis, _ down: ResampleAxis
    ) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 3 * across.counts.count * down.counts.count)
        var rows = PixelBuffer()
        picture.withUnsafeBufferPointer { bytes in
            output.withUnsafeMutableBufferPointer { output in
                Resampler.resize(
                    RGBImage(bytes: bytes.baseAddress!, width: width, height: height), across: across,
                    down: down,
                    rows: &rows, output: output.baseAddress!)
            }
        }
        return output
    }

    @Test(arguments: pillow)
    func agreesWithPillow(_ test: Case) {
        let across = ResampleAxis(
            start: 0, length: test.width, outputLength: test.outWidth, window: 0..<test.outWidth)
        let down = ResampleAxis(
            start: 0, length: test.height, outputLength: test.outHeight, window: 0..<test.outHeight)
        let picture = Self.picture(test.width, test.height)
        #expect(Self.resize(picture, test.width, test.height, across, down) == test.expected)
    }

    /// A window is that part of the whole.
    @Test func windowIsPartOfTheWhole() {
        let picture = Self.picture(23, 17)
        let whole = Self.resize(
            picture, 23, 17, ResampleAxis(start: 0, length: 23, outputLength: 12, window: 0..<12),
            ResampleAxis(start: 0, length: 17, outputLength: 40, window: 0..<40))
        let part = Self.resize(
            picture, 23, 17, ResampleAxis(start: 0, length: 23, outputLength: 12, window: 3..<8),
            ResampleAxis(start: 0, length: 17, outputLength: 40, window: 20..<22))
        for row in 0..<2 {
            let start = 3 * (12 * (20 + row) + 3)
            #expect(Array(part[(15 * row)..<(15 * row + 15)]) == Array(whole[start..<start + 15]))
        }
    }

    /// A crop is resized as if it were a picture of its own.
    @Test func cropSeesNothingOutside() {
        let picture = Self.picture(23, 17)
        var crop: [UInt8] = []
        for row in 4..<11 {
            let start = 3 * (23 * row + 5)
            crop += picture[start..<start + 27]
        }
        let inside = Self.resize(
            picture, 23, 17, ResampleAxis(start: 5, length: 9, outputLength: 4, window: 0..<4),
            ResampleAxis(start: 4, length: 7, outputLength: 3, window: 0..<3))
        let alone = Self.resize(
            crop, 9, 7, ResampleAxis(start: 0, length: 9, outputLength: 4, window: 0..<4),
            ResampleAxis(start: 0, length: 7, outputLength: 3, window: 0..<3))
        #expect(inside == alone)
    }

    struct ViewCase: Sendable {
        let width, height, size: Int
        /// Resized width and height, then the crop's corner.
        let expected: [Int]
    }

    static let views = [
        ViewCase(width: 500, height: 375, size: 224, expected: [341, 256, 58, 16]),
        ViewCase(width: 375, height: 500, size: 224, expected: [256, 341, 16, 58]),
        ViewCase(width: 1, height: 500, size: 224, expected: [256, 128_000, 16, 63_888]),
        ViewCase(width: 500, height: 1, size: 224, expected: [128_000, 256, 63_888, 16]),
        ViewCase(width: 1, height: 1, size: 224, expected: [256, 256, 16, 16]),
        ViewCase(width: 60, height: 45, size: 16, expected: [24, 18, 4, 1]),
        ViewCase(width: 65_500, height: 1, size: 2048, expected: [153_335_500, 2341, 76_666_726, 146]),
    ]

    /// By torchvision's rules.
    @Test(arguments: views)
    func evaluationView(_ test: ViewCase) {
        let view = EvaluationView(width: test.width, height: test.height, size: test.size)
        #expect([view.resizedWidth, view.resizedHeight, view.x, view.y] == test.expected)
    }
}
