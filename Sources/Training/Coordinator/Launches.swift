import ClusterCore
import Foundation
import Observe

/// The ids of a run's launches: a coordinator that comes back knows by them whether what a worker holds is a
/// state of its run.
enum Launches {
    /// Nobody holds a state of an older launch.
    private static let kept = 1000

    /// Writes down a launch, durably.
    /// - Returns: those before it.
    static func begin(_ run: RunID, in folder: RunFolder) throws(ObserveError) -> [RunID] {
        let earlier =
            FileManager.default.contents(atPath: folder.launches)
            .map { String(decoding: $0, as: UTF8.self).split(separator: "\n").suffix(kept) } ?? []
        let known = earlier.compactMap { RunID(text: String($0)) }
        let lines = (known + [run]).map { "\($0)\n" }.joined()
        try DurableFile.write(Data(lines.utf8), to: folder.launches)
        return known
    }
}

extension RunID {
    /// Reads what `description` gives.
    init?(text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<Self.byteCount {
            let pair = String(decoding: digits[2 * index..<2 * index + 2], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        self.init(bytes: bytes)
    }
}
