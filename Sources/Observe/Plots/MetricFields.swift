import Glibc

/// The fields of one line of a metrics file, found without taking the whole apart: such a file has millions.
/// The writer puts nothing between a key, its colon and its value.
struct MetricFields {
    private let line: ArraySlice<UInt8>

    /// Nil: it does not look like a whole line.
    init?(_ line: ArraySlice<UInt8>) {
        guard line.starts(with: Array("{\"step\":".utf8)), line.last == UInt8(ascii: "}") else { return nil }
        self.line = line
    }

    /// A finite number; nil where the key is missing or has none.
    func number(_ key: String) -> Double? {
        value(of: key) { text in
            var end: UnsafeMutablePointer<CChar>?
            let first = text.pointee
            guard first == CChar(bitPattern: UInt8(ascii: "-")) || (48...57).contains(first) else {
                return nil
            }
            let number = strtod(text, &end)
            // What follows a number; the line's own } stops every number.
            guard let after = end?.pointee, after == 44 || after == 125, number.isFinite else { return nil }
            return number
        }
    }

    /// Whether the key has this text.
    func has(_ key: String, _ text: String) -> Bool {
        let wanted = Array("\"\(text)\"".utf8)
        return value(of: key) { strncmp($0, wanted.map { CChar(bitPattern: $0) }, wanted.count) == 0 }
            ?? false
    }

    private func value<Result>(of key: String, _ read: (UnsafePointer<CChar>) -> Result?) -> Result? {
        let name = Array("\"\(key)\":".utf8)
        return line.withUnsafeBytes { bytes in
            // Keys begin behind a brace or a comma; what follows the last byte that is looked at is the
            // line's own brace.
            guard bytes.count > name.count + 1 else { return nil }
            for start in 1..<bytes.count - name.count
            where bytes[start] == name[0] && bytes[start + 1] == name[1] {
                guard name.indices.allSatisfy({ bytes[start + $0] == name[$0] }) else { continue }
                let place = bytes.baseAddress! + start + name.count
                return read(place.assumingMemoryBound(to: CChar.self))
            }
            return nil
        }
    }
}
