/// The JSON header of a safetensors file: which tensors, where their bytes are, and free text about them.
struct SafetensorsHeader: Equatable {
    struct Entry: Equatable {
        let info: TensorInfo
        /// Bytes, counted from the end of the header.
        let range: Range<Int>
    }

    /// The format's own limit; it also bounds what a false length makes us read.
    static let bytesMax = 100_000_000
    static let tensorsMax = 1_000_000
    static let dimensionsMax = 16

    /// In the order of the data.
    var entries: [Entry] = []
    var metadata: [String: String] = [:]

    /// Parses and checks a header against `dataBytes`, the bytes that follow it in the file.
    ///
    /// The tensors must cover the data from the first to the last byte, without a hole and without an
    /// overlap.
    init(parsing text: [UInt8], dataBytes: Int) throws(HeaderScanner.Failure) {
        var scanner = HeaderScanner(text)
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        var names: Set<String> = []
        try scanner.object { (name, scanner) throws(HeaderScanner.Failure) in
            guard names.insert(name).inserted else {
                throw .init(problem: "two tensors are called \(quoted(name))")
            }
            guard names.count <= Self.tensorsMax else {
                throw .init(problem: "more than \(Self.tensorsMax) tensors")
            }
            if name == "__metadata__" {
                metadata = try Self.metadata(&scanner)
            } else {
                entries.append(try Self.entry(name, &scanner))
            }
        }
        try scanner.end()
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        self.entries = entries
        self.metadata = metadata
        try checkCoverage(dataBytes: dataBytes)
    }

    /// A header for tensors that lie one after another in the given order.
    init(tensors: [TensorInfo], metadata: [String: String]) {
        var offset = 0
        for info in tensors {
            entries.append(Entry(info: info, range: offset..<offset + info.byteCount))
            offset += info.byteCount
        }
        self.metadata = metadata
    }

    /// The header as it lies in the file: length, JSON in the order of the data (metadata first, its keys
    /// sorted), and spaces so that the data starts at a multiple of 8 bytes.
    func encoded() -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map {
                "\(jsonString($0.key)):\(jsonString($0.value))"
            }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        for entry in entries {
            let shape = entry.info.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(jsonString(entry.info.name)):{\"dtype\":\"\(entry.info.type.rawValue)\","
                    + "\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(entry.range.lowerBound),\(entry.range.upperBound)]}")
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
        return length + json
    }

    private static func metadata(
        _ scanner: inout HeaderScanner
    ) throws(HeaderScanner.Failure) -> [String: String] {
        var result: [String: String] = [:]
        try scanner.object { (key, scanner) throws(HeaderScanner.Failure) in
            guard result.updateValue(try scanner.string(), forKey: key) == nil else {
                throw .init(problem: "__metadata__ has \(quoted(key)) twice")
            }
        }
        return result
    }

    private static func entry(
        _ name: String, _ scanner: inout HeaderScanner
    ) throws(HeaderScanner.Failure) -> Entry {
        var type: TensorType?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { (key, scanner) throws(HeaderScanner.Failure) in
            switch key {
            case "dtype" where type == nil:
                let text = try scanner.string()
                type = TensorType(rawValue: text)
                if type == nil {
                    throw .init(problem: "\(quoted(name)) has the unknown dtype \(quoted(text))")
                }
            case "shape" where shape == nil: shape = try scanner.wholeNumbers(limit: dimensionsMax)
            case "data_offsets" where offsets == nil: offsets = try scanner.wholeNumbers(limit: 2)
            default: throw .init(problem: "\(quoted(name)) has an unknown or repeated key \(quoted(key))")
            }
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw .init(problem: "\(quoted(name)) needs dtype, shape and two data_offsets")
        }
        guard let info = TensorInfo(name: name, type: type, shape: shape) else {
            throw .init(problem: "\(quoted(name)) has the impossible shape \(shape)")
        }
        guard offsets[0] <= offsets[1], offsets[1] - offsets[0] == info.byteCount else {
            throw .init(
                problem: "\(quoted(name)): shape \(shape) of \(type.rawValue) takes \(info.byteCount) bytes, "
                    + "its offsets are \(offsets[0]) and \(offsets[1])")
        }
        return Entry(info: info, range: offsets[0]..<offsets[1])
    }

    private func checkCoverage(dataBytes: Int) throws(HeaderScanner.Failure) {
        var covered = 0
        for entry in entries {
            if entry.range.lowerBound < covered {
                throw .init(problem: "\(quoted(entry.info.name)) overlaps the tensor before it")
            }
            if entry.range.lowerBound > covered {
                throw .init(
                    problem: "no tensor holds the bytes \(covered) to \(entry.range.lowerBound) of the data")
            }
            covered = entry.range.upperBound
            if covered > dataBytes {
                throw .init(
                    problem:
                        "\(quoted(entry.info.name)) ends at byte \(covered) of the data's \(dataBytes): "
                        + "the file is cut short")
            }
        }
        if covered < dataBytes {
            throw .init(problem: "\(dataBytes - covered) bytes follow the last tensor")
        }
    }
}

/// `text` in quotes, safe to show on one line: control characters escaped, long text cut.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80).map { $0.escaped(asASCII: false) }.joined()
    return "\"\(shown)\(text.unicodeScalars.count > 80 ? "…" : "")\""
}

/// `text` as a JSON string literal.
private func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\u{0}"..<"\u{20}":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
