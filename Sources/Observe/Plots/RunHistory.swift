import Foundation
import Glibc

/// What a run's metrics.jsonl says of its course. Lines that are damaged are passed over.
public struct RunHistory: Sendable {
    public struct Step: Equatable, Sendable {
        public var step: Int
        public var isSearch: Bool
        /// Epochs of its phase that end with it; nil where the file has none.
        public var epoch: Double?
        public var loss: Double
        public var top1: Double?
    }

    public struct Evaluation: Equatable, Sendable {
        public var step: Int
        public var epoch: Double?
        public var loss: Double
        public var top1: Double
    }

    /// A look at what the network would cost if the search ended there.
    public struct Check: Equatable, Sendable {
        public var step: Int
        public var flops: Double
        public var parameters: Double
    }

    public private(set) var steps: [Step] = []
    public private(set) var evaluations: [Evaluation] = []
    public private(set) var checks: [Check] = []

    public init() {}

    /// Reads the file at `path`, in pieces.
    /// - Throws: where it cannot be read; a file that is not there is an empty history.
    public init(path: String) throws(ObserveError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw .system(path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var rest: [UInt8] = []
        while true {
            let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(path) }
            guard count > 0 else { return }
            rest += bytes[..<count]
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else {
                // No line is so long: damage.
                if rest.count > 1 << 22 { rest = [] }
                continue
            }
            for line in rest[..<end].split(separator: UInt8(ascii: "\n")) { add(line) }
            rest.removeSubrange(...end)
        }
    }

    /// One line of the file, without its end.
    mutating func add(_ line: ArraySlice<UInt8>) {
        let fields = MetricFields(line)
        guard let fields, let step = fields.number("step").flatMap(Int.init(exactly:)), step >= 0 else {
            return
        }
        let epoch = fields.number("epoch")
        if let loss = fields.number("test_loss"), let top1 = fields.number("test_top1") {
            evaluations.append(Evaluation(step: step, epoch: epoch, loss: loss, top1: top1))
        } else if let flops = fields.number("flops"), let parameters = fields.number("parameters") {
            checks.append(Check(step: step, flops: flops, parameters: parameters))
        } else if let loss = fields.number("loss") {
            steps.append(
                Step(
                    step: step, isSearch: fields.has("phase", "search"), epoch: epoch, loss: loss,
                    top1: fields.number("top1")))
        }
    }
}
