/// Resizes RGB bytes: first along rows into a scratch image of the input rows needed, then along columns.
enum Resampler {
    /// - Parameters:
    ///   - image: width × height RGB bytes.
    ///   - across, down: taps for columns and rows; their windows are the output's size.
    ///   - rows: scratch, grown as needed to (input rows used) × (output width) × 3 bytes.
    ///   - output: (rows of `down`) × (columns of `across`) × 3 bytes.
    static func resize(
        _ image: RGBImage, across: ResampleAxis, down: ResampleAxis, rows: inout PixelBuffer,
        output: UnsafeMutablePointer<UInt8>
    ) {
        let used = down.inputRange
        precondition(
            used.upperBound <= image.height && across.inputRange.upperBound <= image.width,
            "window \(across.inputRange) × \(used) of \(image.width)×\(image.height)")
        let rowBytes = 3 * across.counts.count
        rows.reserve(used.count * rowBytes)
        let scratch = rows.pointer
        for row in used {
            resizeRow(
                image.bytes + 3 * image.width * row, across, scratch + (row - used.lowerBound) * rowBytes)
        }
        down.weights.withUnsafeBufferPointer { weights in
            for row in 0..<down.counts.count {
                sumRows(
                    scratch + (down.firsts[row] - used.lowerBound) * rowBytes, rowBytes: rowBytes,
                    weights: weights.baseAddress! + down.offsets[row], count: down.counts[row],
                    output: output + row * rowBytes)
            }
        }
    }

    private static let half: Int32 = 1 << (ResampleAxis.weightBits - 1)

    private static func resizeRow(
        _ input: UnsafePointer<UInt8>, _ axis: ResampleAxis, _ output: UnsafeMutablePointer<UInt8>
    ) {
        axis.weights.withUnsafeBufferPointer { weights in
            for column in 0..<axis.counts.count {
                var pixel = input + 3 * axis.firsts[column]
                var weight = weights.baseAddress! + axis.offsets[column]
                var red = half
                var green = half
                var blue = half
                for _ in 0..<axis.counts[column] {
                    red &+= Int32(pixel[0]) &* weight[0]
                    green &+= Int32(pixel[1]) &* weight[0]
                    blue &+= Int32(pixel[2]) &* weight[0]
                    pixel += 3
                    weight += 1
                }
                output[3 * column] = byte(red)
                output[3 * column + 1] = byte(green)
                output[3 * column + 2] = byte(blue)
            }
        }
    }

    private static func sumRows(
        _ input: UnsafePointer<UInt8>, rowBytes: Int, weights: UnsafePointer<Int32>, count: Int,
        output: UnsafeMutablePointer<UInt8>
    ) {
        for column in 0..<rowBytes {
            var sum = half
            for tap in 0..<count { sum &+= Int32(input[tap &* rowBytes &+ column]) &* weights[tap] }
            output[column] = byte(sum)
        }
    }

    @inline(__always)
    private static func byte(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(255, sum >> ResampleAxis.weightBits))
    }
}
