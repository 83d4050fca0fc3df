import Foundation

/// `manifest.json` of a checkpoint: where the run stands, and what its files must be. Written last, read
/// first.
public struct Manifest: Codable, Equatable, Sendable {
    public enum Phase: String, Codable, Equatable, Sendable, CaseIterable {
        /// The model is the hypernetwork.
        case search
        /// The model is plain weights.
        case converge
    }

    /// What one tensor file must be.
    public struct FileRecord: Codable, Equatable, Sendable {
        public var bytes: Int
        /// 64 lower-case hexadecimal digits.
        public var sha256: String
        public var tensors: Int
        public var elements: Int
    }

    public static let currentFormat = 1
    static let fileName = "manifest.json"
    static let bytesMax = 64 << 20

    public private(set) var format = Manifest.currentFormat
    public var phase: Phase
    /// Steps committed so far, of both phases together.
    public var step: Int
    /// Steps committed in this phase.
    public var phaseStep: Int
    /// The position in the sample order: images used so far by both phases.
    public var position: Int
    /// Completed passes over the training images in this phase.
    public var epoch: Int
    public var network: String
    /// Names of the classes, in label order.
    public var classes: [String]
    /// Channels, height and width of an image.
    public var inputShape: [Int]
    /// How many times every layer was widened before the search; 1 without a search phase.
    public var width: Int
    /// Fingerprint of the recipe, 64 hexadecimal digits.
    public var recipeFingerprint: String
    /// Fingerprint of the training images.
    public var dataFingerprint: String?
    /// The instruction level that the run is pinned to.
    public var instructionLevel: String?
    /// The kernels that OpenBLAS uses in the run, by its name for them.
    public var denseAlgebra: String?
    /// The result of pruning; nil before it and without it.
    public var plan: JSONValue?
    /// The exponents of the fixed-point code.
    public var exponents: JSONValue?
    /// By file name. Filled in by ``CheckpointWriter``.
    public internal(set) var files: [String: FileRecord] = [:]

    public init(
        phase: Phase, step: Int, phaseStep: Int, position: Int, epoch: Int, network: String,
        classes: [String],
        inputShape: [Int], width: Int = 1, recipeFingerprint: String, dataFingerprint: String? = nil,
        instructionLevel: String? = nil, denseAlgebra: String? = nil, plan: JSONValue? = nil,
        exponents: JSONValue? = nil
    ) {
        self.phase = phase
        self.step = step
        self.phaseStep = phaseStep
        self.position = position
        self.epoch = epoch
        self.network = network
        self.classes = classes
        self.inputShape = inputShape
        self.width = width
        self.recipeFingerprint = recipeFingerprint
        self.dataFingerprint = dataFingerprint
        self.instructionLevel = instructionLevel
        self.denseAlgebra = denseAlgebra
        self.plan = plan
        self.exponents = exponents
    }

    /// What is wrong with the values, in one phrase; nil when they can be used.
    var problem: String? {
        let counts = [
            ("step", step), ("phaseStep", phaseStep), ("position", position), ("epoch", epoch),
        ]
        for (name, value) in counts where value < 0 || value > Self.countMax { return "\(name) is \(value)" }
        if phaseStep > step { return "phaseStep \(phaseStep) is beyond step \(step)" }
        if inputShape.count != 3 || inputShape.contains(where: { $0 < 1 || $0 > 1 << 16 }) {
            return "inputShape is \(inputShape.prefix(8)), three numbers from 1 to 65536 expected"
        }
        if width < 1 || width > 64 { return "width is \(width)" }
        if network.isEmpty || network.utf8.count > 256 { return "network is \(quoted(network))" }
        if classes.isEmpty || classes.count > 1 << 20 { return "there are \(classes.count) classes" }
        if !Self.isDigest(recipeFingerprint) { return "recipeFingerprint is \(quoted(recipeFingerprint))" }
        for (name, record) in files {
            guard CheckpointPart(rawValue: name) != nil else {
                return "it lists the unknown file \(quoted(name))"
            }
            if record.bytes < 8 || record.tensors < 0 || record.elements < 0 || !Self.isDigest(record.sha256)
            {
                return "its record of \(name) is impossible"
            }
        }
        return files[CheckpointPart.model.rawValue] == nil ? "it lists no model.safetensors" : nil
    }

    /// Far above any run, and far below where sums of two could overflow.
    private static let countMax = 1 << 53

    private static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }
}

extension Manifest {
    /// Reads and checks `folder`'s manifest.
    init(folder: String) throws(CheckpointError) {
        let path = "\(folder)/\(Self.fileName)"
        let file = try OpenFile(reading: path)
        let size = try file.size()
        guard size <= Self.bytesMax else {
            throw CheckpointError(.damaged, path, "\(size) bytes, more than any manifest has")
        }
        var content: [UInt8] = []
        try file.forEachChunk(of: 0..<size) { content.append(contentsOf: $0) }
        let decoder = JSONDecoder()
        do {
            // The version first: what follows may have another form in another version.
            let version = try decoder.decode(Version.self, from: Data(content))
            guard version.format == Self.currentFormat else {
                throw CheckpointError(
                    .unsupported, path,
                    "format \(version.format); this version of espalier reads format \(Self.currentFormat)")
            }
            self = try decoder.decode(Manifest.self, from: Data(content))
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw CheckpointError(.damaged, path, Self.reason(error))
        }
        if let problem { throw CheckpointError(.damaged, path, problem) }
    }

    /// Writes it to `folder` and waits until it is on the disk.
    func write(folder: String) throws(CheckpointError) {
        let path = "\(folder)/\(Self.fileName)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let content: Data
        do {
            content = try encoder.encode(self)
        } catch {
            throw CheckpointError(.unsupported, path, "not representable as JSON: \(Self.reason(error))")
        }
        let file = try OpenFile(writing: path)
        try file.write(Array(content))
        try file.synchronize()
    }

    private struct Version: Decodable {
        let format: Int
    }

    /// The first thing that JSON decoding stumbled over, with its key.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "the key \(quoted(key.stringValue)) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(quoted(context.codingPath.map(\.stringValue).joined(separator: "."))) has the wrong type"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\(quoted(context.codingPath.map(\.stringValue).joined(separator: "."))) has an impossible value"
        default: "not valid JSON"
        }
    }
}
