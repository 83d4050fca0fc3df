/// One split of a data set: images that can be written, normalised, into a network's input.
///
/// All methods may be called from several compute threads at once.
public protocol ImageSet: Sendable {
    /// Number of images, at least 1.
    var count: Int { get }
    /// Names of the classes; a label is an index into them.
    var classNames: [String] { get }
    /// Shape of every image as ``write(_:augmentation:into:)`` gives it.
    var imageShape: (channels: Int, height: Int, width: Int) { get }
    /// SHA-256 over format, counts, class names, and each image's name, size in bytes and label (see
    /// ``Fingerprint``): equal on machines that hold the same data, without reading all pixels.
    var fingerprint: String { get }
    /// The class of image `index`, in `0..<classNames.count`.
    func label(_ index: Int) -> Int
    /// Writes image `index` as height × width × channels (NHWC) floats, normalised by the format's channel
    /// means and deviations.
    ///
    /// - Parameters:
    ///   - augmentation: random choices for training; nil for evaluation.
    ///   - output: exactly height · width · channels elements.
    /// - Throws: ``DataError`` when the image cannot be read or decoded; `output` is then undefined.
    func write(
        _ index: Int, augmentation: Augmentation.Draw?, into output: UnsafeMutableBufferPointer<Float>
    ) throws(DataError)
}

extension ImageSet {
    /// Elements of one image.
    public var elementCount: Int { imageShape.channels * imageShape.height * imageShape.width }

    func check(_ index: Int, _ output: UnsafeMutableBufferPointer<Float>) {
        precondition(index >= 0 && index < count, "image \(index) of \(count)")
        precondition(output.count == elementCount, "output holds \(output.count) floats, not \(elementCount)")
    }
}
