/// The records of one split of CIFAR, in memory as they are in the files.
struct CifarRecords: PlanarSource {
    let layout: CifarLayout
    /// One array per file.
    private(set) var files: [[UInt8]] = []
    /// Records in the files before each.
    private(set) var starts: [Int] = []
    /// The label trained on, per record.
    private(set) var labels: [UInt8] = []

    init(_ layout: CifarLayout) {
        self.layout = layout
    }

    /// Reads and checks one file and appends its records.
    mutating func append(file path: String) throws(DataError) {
        let bytes = try FileBytes.read(path, bytesMax: CifarLayout.fileBytesMax)
        try checkForm(bytes, path)
        let record = layout.recordBytes
        starts.append(labels.count)
        labels.reserveCapacity(labels.count + bytes.count / record)
        for start in stride(from: 0, to: bytes.count, by: record) {
            for (position, bound) in layout.labelBounds.enumerated() where bytes[start + position] >= bound {
                throw DataError(
                    "label \(bytes[start + position]) is out of range 0...\(bound - 1)",
                    at: "\(path), record \(start / record)",
                    advice: "the file is damaged or not \(layout.format.name): get it again")
            }
            labels.append(bytes[start + layout.labelBounds.count - 1])
        }
        files.append(bytes)
    }

    private func checkForm(_ bytes: [UInt8], _ path: String) throws(DataError) {
        let advice =
            "unpack the binary version of \(layout.format.name) from www.cs.toronto.edu/~kriz/cifar.html"
        if bytes.isEmpty { throw DataError("is empty: no records", at: path, advice: advice) }
        if let kind = FileKind(bytes), kind == .gzip || kind == .pickle || kind == .zip {
            throw DataError("is \(kind.rawValue), not binary records", at: path, advice: advice)
        }
        guard bytes.count % layout.recordBytes == 0 else {
            throw DataError(
                "has \(bytes.count) bytes, which is not a multiple of the record size \(layout.recordBytes)",
                at: path, advice: advice)
        }
    }

    func withImage(_ index: Int, _ body: (UnsafePointer<UInt8>) -> Void) {
        var file = starts.count - 1
        while starts[file] > index { file -= 1 }
        let start = (index - starts[file]) * layout.recordBytes + layout.labelBounds.count
        files[file].withUnsafeBufferPointer { body($0.baseAddress! + start) }
    }
}
