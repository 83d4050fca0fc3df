import Checkpoint
import Digest
import Foundation
import TestSupport
import Testing

/// Checkpoints that somebody or something has changed: each is refused with one line that names the file.
@Suite struct DamagedCheckpointTests {
    let folder = try! TemporaryFolder()
    let store: CheckpointStore
    let path: String

    init() throws {
        store = try CheckpointStore(folder: folder.path("checkpoints"), keep: 3)
        let writers = CheckpointTests()
        try writers.write(store, step: 1)
        path = try writers.write(store, step: 2)
    }

    static let files = ["manifest.json", "model.safetensors", "optimizer.safetensors"]

    func content(_ file: String) throws -> Data { try Data(contentsOf: URL(filePath: "\(path)/\(file)")) }

    func replace(_ file: String, _ content: Data) throws {
        try content.write(to: URL(filePath: "\(path)/\(file)"))
    }

    /// Opens the changed checkpoint, which must fail in one line about `file`, and the one before it.
    @discardableResult
    func refused(_ file: String) throws -> CheckpointError? {
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: path) }
        #expect(error?.file.hasSuffix(file) == true, "\(error as Any)")
        #expect(error?.description.contains("\n") == false)
        #expect(throws: CheckpointError.self) { try store.openLatest() }
        let (checkpoint, skipped) = try #require(try store.openLatest(fallback: true))
        #expect(checkpoint.manifest.step == 1 && skipped == [error].compactMap(\.self))
        return error
    }

    @Test(arguments: files) func aFlippedBitIsNoticed(file: String) throws {
        let whole = try content(file)
        // In the manifest a flipped bit may leave a valid manifest of other values; only tensors are hashed.
        let positions = file == "manifest.json" ? [0] : Array(stride(from: 0, to: whole.count, by: 7))
        for position in positions {
            var changed = whole
            changed[position] ^= 0x10
            try replace(file, changed)
            try refused(file)
        }
        try replace(file, whole)
        #expect(try Checkpoint(path: path).manifest.step == 2)
    }

    @Test(arguments: files) func aCutFileIsNoticed(file: String) throws {
        let whole = try content(file)
        for length in [0, 1, 7, 8, whole.count / 2, whole.count - 3] {
            try replace(file, whole.prefix(length))
            try refused(file)
        }
        try replace(file, whole + Data("  x".utf8))
        try refused(file)
    }

    @Test(arguments: files) func aMissingFileIsNoticed(file: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(file)")
        #expect(try refused(file)?.kind == .missing)
    }

    @Test(arguments: files) func aFolderInAFilesPlaceIsNoticed(file: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(file)")
        try FileManager.default.createDirectory(atPath: "\(path)/\(file)", withIntermediateDirectories: false)
        try refused(file)
    }

    @Test func everythingDamagedIsAnErrorAlsoWithFallback() throws {
        for name in try store.names() {
            try FileManager.default.removeItem(atPath: "\(store.path(name))/manifest.json")
        }
        #expect(throws: CheckpointError.self) { try store.openLatest(fallback: true) }
    }

    /// One key of the manifest replaced by something else, as JSON.
    struct Change: Sendable, CustomTestStringConvertible {
        let key: String
        let value: String

        init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }

        var testDescription: String { "\(key): \(value.prefix(40))" }
    }

    static let changes = [
        Change("format", "2"), Change("format", "\"1\""), Change("format", "1e99"),
        Change("phase", "\"rest\""),
        Change("step", "-1"), Change("step", "9223372036854775807"), Change("step", "1e30"),
        Change("step", "1.5"),
        Change("step", "\"2\""), Change("step", "null"), Change("phaseStep", "3"), Change("position", "-64"),
        Change("epoch", "-1"), Change("network", "\"\""), Change("network", "[]"), Change("classes", "[]"),
        Change("classes", "[1]"), Change("inputShape", "[3, 32]"), Change("inputShape", "[3, 0, 32]"),
        Change("inputShape", "[3, 32, 1000000000000]"), Change("width", "0"), Change("width", "65"),
        Change("recipeFingerprint", "\"\""),
        Change("recipeFingerprint", "\"\(String(repeating: "Z", count: 64))\""),
        Change("files", "{}"), Change("files", "[]"),
        Change("files", #"{"../../etc/passwd": {"bytes": 9, "sha256": "", "tensors": 0, "elements": 0}}"#),
        Change("files", #"{"model.safetensors": {"bytes": 9}}"#),
        Change("files", #"{"model.safetensors": {"bytes": -9, "sha256": "", "tensors": 0, "elements": 0}}"#),
        Change("plan", String(repeating: "[", count: 100_000)),
        Change("plan", String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)),
    ]

    @Test(arguments: changes) func anImpossibleManifestIsRefused(change: Change) throws {
        let text = try #require(String(data: content("manifest.json"), encoding: .utf8))
        var lines = text.split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix("  \"\(change.key)\"") })
        // The value ends where the next key of the same depth starts.
        let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("  \"") || $0 == "}" } ?? lines.endIndex
        let comma = end < lines.endIndex - 1 ? "," : ""
        lines.replaceSubrange(start..<end, with: ["  \"\(change.key)\": \(change.value)\(comma)"])
        try replace("manifest.json", Data(lines.joined(separator: "\n").utf8))
        let error = try refused("manifest.json")
        if change.key == "format", change.value == "2" { #expect(error?.kind == .unsupported) }
    }

    @Test func countsThatDoNotFitTheFileAreRefused() throws {
        let text = try #require(String(data: content("manifest.json"), encoding: .utf8))
        try replace(
            "manifest.json",
            Data(text.replacingOccurrences(of: "\"tensors\" : 2", with: "\"tensors\" : 3").utf8))
        try refused("model.safetensors")
    }
}
