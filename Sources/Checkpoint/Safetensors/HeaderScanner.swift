/// A strict reader of the subset of JSON that safetensors headers use: objects, strings, arrays of whole
/// numbers.
///
/// Foundation's readers keep one of two equal keys without a word; here a header with two tensors of one name
/// must be refused, so the scanner reports every key in order and leaves the judgement to its caller.
struct HeaderScanner {
    struct Failure: Error {
        let problem: String
    }

    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads `{"key": value, …}`; `member` is called after each colon and must consume the value.
    mutating func object(
        _ member: (_ key: String, _ scanner: inout HeaderScanner) throws(Failure) -> Void
    ) throws(Failure) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(key, &self)
        } while take(",")
        try expect("}")
    }

    /// Reads `[1, 2, …]`, at most `limit` numbers.
    mutating func wholeNumbers(limit: Int) throws(Failure) -> [Int] {
        try expect("[")
        var numbers: [Int] = []
        if take("]") { return numbers }
        repeat {
            if numbers.count == limit { throw failure("more than \(limit) numbers") }
            numbers.append(try wholeNumber())
        } while take(",")
        try expect("]")
        return numbers
    }

    mutating func string() throws(Failure) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw failure("not UTF-8") }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: String(try escaped()).utf8)
            case 0..<0x20:
                throw failure("control character in a string")
            default:
                text.append(byte)
            }
        }
        throw failure("string without an end")
    }

    /// Only white space may follow.
    mutating func end() throws(Failure) {
        skipSpace()
        if position < bytes.count { throw failure("text after the end") }
    }

    private mutating func escaped() throws(Failure) -> Unicode.Scalar {
        guard position < bytes.count else { throw failure("string without an end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let first = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(first)), position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { throw failure("half of a surrogate pair") }
        position += 2
        let second = try hexadecimalUnit()
        guard UTF16.isTrailSurrogate(UInt16(second)),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimalUnit() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw failure("bad \\u escape") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func wholeNumber() throws(Failure) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
            if overflow || carry { throw failure("number too large") }
            value = sum
            position += 1
        }
        if position == start { throw failure("whole number expected") }
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        if !take(character) { throw failure("'\(character)' expected") }
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private func failure(_ problem: String) -> Failure {
        Failure(problem: "header, byte \(position): \(problem)")
    }
}
