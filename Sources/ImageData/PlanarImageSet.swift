/// Images of a fixed size held in memory as bytes, plane after plane (R, G, B), as in CIFAR's files.
protocol PlanarSource: Sendable {
    /// Calls `body` with the image's 3 · side · side bytes.
    func withImage(_ index: Int, _ body: (UnsafePointer<UInt8>) -> Void)
}

/// An image set over bytes in memory: CIFAR's and the synthetic one.
struct PlanarImageSet<Source: PlanarSource>: ImageSet {
    let count: Int
    let classNames: [String]
    let fingerprint: String
    let side: Int
    let labels: [UInt8]
    let source: Source
    let normalization: Normalization
    let pad: Int

    var imageShape: (channels: Int, height: Int, width: Int) { (3, side, side) }

    func label(_ index: Int) -> Int { Int(labels[index]) }

    func write(
        _ index: Int, augmentation: Augmentation.Draw?, into output: UnsafeMutableBufferPointer<Float>
    ) throws(DataError) {
        check(index, output)
        var window = (x: pad, y: pad)
        if let augmentation { window = augmentation.cropOffset(choices: 2 * pad + 1) }
        let flips = augmentation?.flips ?? false
        source.withImage(index) { planes in
            normalization.table.withUnsafeBufferPointer { table in
                writeWindow(
                    planes, left: window.x - pad, top: window.y - pad, flips: flips,
                    table: table.baseAddress!,
                    output: output.baseAddress!)
            }
        }
    }

    /// Writes the side × side window whose first pixel is (`left`, `top`) of the image; outside it is black.
    private func writeWindow(
        _ planes: UnsafePointer<UInt8>, left: Int, top: Int, flips: Bool, table: UnsafePointer<Float>,
        output: UnsafeMutablePointer<Float>
    ) {
        let side = side
        let area = side * side
        var out = output
        for row in top..<top + side {
            let isInside = row >= 0 && row < side
            for step in 0..<side {
                let column = left + (flips ? side - 1 - step : step)
                if isInside && column >= 0 && column < side {
                    let pixel = planes + (row * side + column)
                    out[0] = table[Int(pixel[0])]
                    out[1] = table[256 + Int(pixel[area])]
                    out[2] = table[512 + Int(pixel[2 * area])]
                } else {
                    out[0] = table[0]
                    out[1] = table[256]
                    out[2] = table[512]
                }
                out += 3
            }
        }
    }
}
