import Digest

/// Makes an ``ImageSet/fingerprint``: SHA-256 over one line per fact, each ended by a newline.
///
/// The lines are: format and version of this scheme; split; number of classes and of images; one line per
/// class name; one line per image, or per file of images, with name, size in bytes and label(s). Pixels are
/// not read, so two sets with equal names and sizes but different pixels have the same fingerprint. Where the
/// data lies is not part of it.
struct Fingerprint: ~Copyable {
    private var hash = SHA256()

    init(format: DataFormat, split: String, classNames: [String], count: Int) {
        hash.update(
            "espalier-data-1 \(format.name)\n\(split)\n\(classNames.count) classes, \(count) images\n")
        for name in classNames { hash.update("\(name.utf8.count) \(name)\n") }
    }

    /// One image's or file's facts.
    mutating func add(name: String, bytes: Int, label: Int? = nil) {
        hash.update("\(name.utf8.count) \(name) \(bytes)" + (label.map { " \($0)" } ?? "") + "\n")
    }

    /// All labels of a file of records, a byte each.
    mutating func add(labels: UnsafeRawBufferPointer) {
        hash.update("\(labels.count) labels\n")
        hash.update(labels)
    }

    consuming func finish() -> String { hash.finish() }
}
