import Foundation
import Glibc

/// Reading files of JSON lines from their end, where what matters is, however long they are.
public enum MetricsFile {
    /// No line is longer; a longer one is damage.
    private static let lineBytesMax = 1 << 20

    /// The last `count` whole lines of the file at `path`, oldest first.
    public static func lastLines(_ count: Int, of path: String) throws(ObserveError) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path) }
        defer { close(descriptor) }
        var lines: [String] = []
        guard count > 0 else { return [] }
        try eachLineBackwards(descriptor, path) { line, _ in
            if let text = String(validating: line, as: UTF8.self) { lines.append(text) }
            return lines.count < count
        }
        return lines.reversed()
    }

    /// How many bytes of the file to keep so that no line in it is of a step after `step`, or damaged at its
    /// end. Lines with a digest may come later than those of the steps after theirs; where these go, they go
    /// too.
    static func bytes(upToStep step: Int, _ descriptor: CInt, _ path: String) throws(ObserveError) -> Int {
        var kept: Int?
        try eachLineBackwards(descriptor, path) { line, end in
            guard let found = Self.place(of: line) else { return true }
            guard found.step <= step else {
                kept = nil
                return true
            }
            if kept == nil { kept = end }
            return found.digest != nil
        }
        return kept ?? 0
    }

    /// The newest step of which a line satisfies `isWanted`, looking at most at the last `count` lines.
    public static func lastStep(
        in count: Int, of path: String, where isWanted: (String) -> Bool
    ) throws(ObserveError) -> Int? {
        try lastLines(count, of: path).last(where: isWanted).flatMap { place(of: Array($0.utf8)[...])?.step }
    }

    /// Calls `body` with each whole line, last one first, and the position after its newline, until it
    /// returns false.
    private static func eachLineBackwards(
        _ descriptor: CInt, _ path: String, _ body: (_ line: ArraySlice<UInt8>, _ end: Int) -> Bool
    ) throws(ObserveError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ObserveError(path, "is not a regular file") }
        var end = Int(status.st_size)
        while end > 0 {
            let start = max(0, end - lineBytesMax)
            var window = try read(descriptor, start..<end, path)[...]
            // What follows the last newline was cut short; what precedes the first one belongs to the window
            // before.
            guard let newline = window.lastIndex(of: UInt8(ascii: "\n")) else {
                end = start
                continue
            }
            window = window[...newline]
            while let last = window.indices.last {
                let before = window[..<last].lastIndex(of: UInt8(ascii: "\n"))
                if before == nil && start > 0 && window.count < lineBytesMax { break }
                let line = window[(before.map { $0 + 1 } ?? window.startIndex)..<last]
                if !body(line, start + last + 1) { return }
                window = before.map { window[...$0] } ?? []
            }
            end = start + window.count
        }
    }

    private static func read(_ descriptor: CInt, _ range: Range<Int>, _ path: String) throws(ObserveError)
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress.map { $0 + done }, $0.count - done,
                    off_t(range.lowerBound + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 {
                throw ObserveError(path, "became shorter while it was read")
            } else if errno != EINTR {
                throw .system(path)
            }
        }
        return bytes
    }

    private struct Place: Decodable {
        let step: Int
        let digest: String?
    }

    private static func place(of line: ArraySlice<UInt8>) -> Place? {
        try? JSONDecoder().decode(Place.self, from: Data(line))
    }
}
