import ClusterCore
import Collective
import Transport

/// Messages as people read them in a trace.
enum MessageText {
    static func isBlock(_ frame: Frame) -> Bool {
        frame.count >= 4 && frame.bytes.prefix(4) == [0x45, 0x53, 0x50, 0x42]
    }

    static func text(_ frames: [Frame]) -> String {
        guard let first = frames.first else { return "nothing" }
        if isBlock(first) { return block(first) }
        guard let message = try? ControlMessage(decoding: first.bytes) else { return "\(first.count) bytes" }
        return "g\(message.generation) \(text(message.body))"
    }

    private static func block(_ frame: Frame) -> String {
        let header = try? frame.withUnsafeBytes { bytes throws(CollectiveError) in
            try BlockHeader(decoding: bytes)
        }
        guard let header else { return "a block with a bad header" }
        let shards = (0..<header.shards.upperBound).filter(header.shards.contains)
        return "g\(header.generation) \(header.kind) step \(header.step) attempt \(header.attempt) "
            + "part \(header.part) block \(header.block) shards \(shards)"
    }
}
