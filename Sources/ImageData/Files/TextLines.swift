/// The lines of a small text file, checked: UTF-8, bounded length, line numbers kept for error messages.
///
/// A byte-order mark at the start and CR before LF are dropped; a last line without LF counts.
struct TextLines {
    static let fileBytesMax = 64 << 20
    static let lineBytesMax = 4096

    /// Number (from 1) and text of each line that is not blank.
    private(set) var lines: [(number: Int, text: String)] = []
    let path: String

    init(_ path: String) throws(DataError) {
        self.path = path
        var bytes = try FileBytes.read(path, bytesMax: Self.fileBytesMax)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var number = 1
        while !bytes.isEmpty {
            let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
            try append(line, number)
            bytes = bytes.dropFirst(line.count + 1)
            number += 1
        }
    }

    private mutating func append(_ line: ArraySlice<UInt8>, _ number: Int) throws(DataError) {
        guard line.count <= Self.lineBytesMax else {
            throw error("has \(line.count) bytes, more than \(Self.lineBytesMax)", line: number)
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw error("is not UTF-8", line: number)
        }
        let trimmed = text.last == "\r" || text.last == "\r\n" ? String(text.dropLast()) : text
        if !trimmed.allSatisfy({ $0 == " " || $0 == "\t" }) { lines.append((number, trimmed)) }
    }

    /// An error about line `number` of this file.
    func error(_ problem: String, line number: Int) -> DataError {
        DataError("line \(number) \(problem)", at: path, advice: "restore the data set's own file")
    }
}
