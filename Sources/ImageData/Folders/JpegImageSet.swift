/// An image set of JPEG files, each read and decoded when it is written, on the calling thread.
struct JpegImageSet: ImageSet {
    /// How a decoded picture becomes a network's input.
    enum View: Equatable {
        /// The picture must have the right size already; training flips it.
        case whole
        /// Training takes a random resized crop and flips it; evaluation the centre.
        case resized
    }

    let root: String
    let files: FileTable
    let classNames: [String]
    let fingerprint: String
    let side: Int
    let view: View
    let normalization: Normalization
    let pool: DecoderPool

    var count: Int { files.count }
    var imageShape: (channels: Int, height: Int, width: Int) { (3, side, side) }

    func label(_ index: Int) -> Int { files.label(index) }

    func write(
        _ index: Int, augmentation: Augmentation.Draw?, into output: UnsafeMutableBufferPointer<Float>
    ) throws(DataError) {
        check(index, output)
        let path = root + "/" + files.name(index)
        try pool.withDecoder { (decoder) throws(DataError) in
            let image = try decoder.decode(path: path)
            let flips = augmentation?.flips ?? false
            if view == .whole {
                guard image.width == side, image.height == side else {
                    throw DataError(
                        "is \(image.width)×\(image.height), not \(side)×\(side)", at: path,
                        advice: "use the data set's own files, or the format imagefolder")
                }
                normalize(image.bytes, flips: flips, into: output)
                return
            }
            decoder.output.reserve(3 * side * side)
            let (across, down) = axes(image, augmentation)
            Resampler.resize(
                image, across: across, down: down, rows: &decoder.rows, output: decoder.output.pointer)
            normalize(decoder.output.pointer, flips: flips, into: output)
        }
    }

    private func axes(_ image: RGBImage, _ augmentation: Augmentation.Draw?) -> (ResampleAxis, ResampleAxis) {
        if let augmentation {
            let box = CropBox.random(width: image.width, height: image.height, augmentation.random)
            return (
                ResampleAxis(start: box.x, length: box.width, outputLength: side, window: 0..<side),
                ResampleAxis(start: box.y, length: box.height, outputLength: side, window: 0..<side)
            )
        }
        let whole = EvaluationView(width: image.width, height: image.height, size: side)
        return (
            ResampleAxis(
                start: 0, length: image.width, outputLength: whole.resizedWidth,
                window: whole.x..<whole.x + side),
            ResampleAxis(
                start: 0, length: image.height, outputLength: whole.resizedHeight,
                window: whole.y..<whole.y + side)
        )
    }

    /// side × side RGB bytes to normalised floats, mirrored when `flips`.
    private func normalize(
        _ bytes: UnsafePointer<UInt8>, flips: Bool, into output: UnsafeMutableBufferPointer<Float>
    ) {
        normalization.table.withUnsafeBufferPointer { buffer in
            let table = buffer.baseAddress!
            var out = output.baseAddress!
            for row in 0..<side {
                var pixel = bytes + 3 * side * row + (flips ? 3 * (side - 1) : 0)
                let step = flips ? -3 : 3
                for _ in 0..<side {
                    out[0] = table[Int(pixel[0])]
                    out[1] = table[256 + Int(pixel[1])]
                    out[2] = table[512 + Int(pixel[2])]
                    out += 3
                    pixel += step
                }
            }
        }
    }
}
