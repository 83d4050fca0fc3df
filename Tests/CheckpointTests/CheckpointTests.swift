import Checkpoint
import Digest
import Foundation
import TestSupport
import Testing

/// Checkpoints as they are written, found, verified and refused.
@Suite struct CheckpointTests {
    let folder = try! TemporaryFolder()

    struct Plan: Codable, Equatable {
        var kept: [[Int]] = [[0, 2, 5], []]
        var ratio = 0.25
        var name = "é\"\n"
        var none: Int?
        var flags = [true, false]
    }

    func store(keep: Int = 2) throws -> CheckpointStore {
        try CheckpointStore(folder: folder.path("checkpoints"), keep: keep)
    }

    static func manifest(step: Int) throws -> Manifest {
        Manifest(
            phase: .converge, step: step, phaseStep: step, position: step * 64, epoch: 0, network: "resnet20",
            classes: ["cat", "dog"], inputShape: [3, 32, 32], width: 2,
            recipeFingerprint: SHA256.hexadecimal(of: "recipe"), dataFingerprint: "d",
            instructionLevel: "avx2", plan: try JSONValue(encoding: Plan()),
            exponents: try JSONValue(encoding: [1, -7, 22]))
    }

    static func tensors() throws -> [TensorInfo] {
        try [
            #require(TensorInfo(name: "stem.weight", shape: [4, 3])),
            #require(TensorInfo(name: "a.bias", shape: [5])),
        ]
    }

    @discardableResult
    func write(_ store: CheckpointStore, step: Int, first: Float = 0) throws -> String {
        let writer = try CheckpointWriter(
            store: store, step: step, model: Self.tensors(), optimizer: [Self.tensors()[1]])
        // The files in turn, in pieces that cross from one tensor into the next.
        try writer.append(.model, (0..<10).map { Float($0) + first })
        try writer.append(.optimizer, [1, 2, 3])
        try writer.append(.model, (10..<17).map { Float($0) })
        #expect(writer.remaining(.model) == 0 && writer.remaining(.optimizer) == 8)
        try writer.append(.optimizer, [4, 5])
        return try writer.commit(Self.manifest(step: step))
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let store = try store()
        let path = try write(store, step: 120)
        #expect(path == folder.path("checkpoints/step-00000120"))
        let (checkpoint, skipped) = try #require(try store.openLatest())
        #expect(skipped.isEmpty && checkpoint.path == path)
        var expected = try Self.manifest(step: 120)
        #expect(checkpoint.manifest.files.count == 2)
        #expect(
            checkpoint.manifest.plan == expected.plan && checkpoint.manifest.exponents == expected.exponents)
        #expect(try checkpoint.manifest.plan?.decoded(as: Plan.self) == Plan())
        expected.step = 121
        #expect(checkpoint.manifest.step == 120 && checkpoint.manifest.position == 7_680)
        #expect(try checkpoint.model.floats("a.bias") == [12, 13, 14, 15, 16])
        #expect(try checkpoint.optimizer?.floats("a.bias") == [1, 2, 3, 4, 5])
        #expect(
            try Set(FileManager.default.contentsOfDirectory(atPath: path)) == [
                "manifest.json", "model.safetensors", "optimizer.safetensors",
            ])
    }

    @Test func aCheckpointIsFoundFromItsOwnFolderAndFromTheRuns() throws {
        let path = try write(store(), step: 3)
        for start in [path, folder.path("checkpoints"), folder.path] {
            #expect(try Checkpoint(atOrIn: start).path == path)
        }
        #expect(throws: CheckpointError.self) { try Checkpoint(atOrIn: folder.path("none")) }
        try FileManager.default.createDirectory(
            atPath: folder.path("empty"), withIntermediateDirectories: true)
        #expect(throws: CheckpointError.self) { try Checkpoint(atOrIn: folder.path("empty")) }
    }

    @Test func theDigestIsOfTheWeightsAlone() throws {
        let store = try store(keep: 9)
        let digests = try (1...2).map { try Checkpoint(path: write(store, step: $0)).digest() }
        #expect(digests[0] == digests[1] && digests[0].count == 64)
        #expect(try Checkpoint(path: write(store, step: 3, first: 1)).digest() != digests[0])

        // By its definition, and whatever the order in the file.
        var hash = SHA256()
        for (tensor, values) in [("6 a.bias F32 [5]\n", 12..<17), ("11 stem.weight F32 [4, 3]\n", 0..<12)] {
            hash.update(tensor)
            values.map { Float($0) }.withUnsafeBytes { hash.update($0) }
        }
        #expect(hash.finish() == digests[0])
    }

    @Test func onlyTheNewestStay() throws {
        let store = try store(keep: 2)
        for step in [1, 2, 10, 100_000_000, 100_000_001] { try write(store, step: step) }
        #expect(try store.names() == ["step-100000000", "step-100000001"])
        // Going on from an older one gives the newer ones up.
        try write(store, step: 100_000_000, first: 5)
        #expect(try store.names() == ["step-100000000"])
        #expect(try store.open("step-100000000").model.floats("stem.weight")[0] == 5)
    }

    @Test func stepsAreInNames() {
        #expect(CheckpointStore.name(step: 120) == "step-00000120")
        #expect(CheckpointStore.step(of: "step-00000120") == 120)
        #expect(CheckpointStore.step(of: CheckpointStore.name(step: 1_234_567_890)) == 1_234_567_890)
        for name in [
            "step-120", "step--0000001", "step-+0000001", ".unfinished-step-00000001", "step-", "x", "",
        ] {
            #expect(CheckpointStore.step(of: name) == nil, "\(name)")
        }
    }

    @Test func aWriterThatIsDroppedLeavesNothing() throws {
        let store = try store()
        try write(store, step: 1)
        do {
            let writer = try CheckpointWriter(store: store, step: 2, model: Self.tensors(), optimizer: nil)
            try writer.append(.model, [1, 2, 3])
            #expect(throws: CheckpointError.self) { try writer.append(.optimizer, [1]) }
            #expect(throws: CheckpointError.self) {
                try writer.append(.model, [Float](repeating: 0, count: 15))
            }
            #expect(throws: CheckpointError.self) { try writer.commit(Self.manifest(step: 2)) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder) == ["step-00000001"])
    }

    @Test func aManifestThatCouldNotBeReadBackIsNotWritten() throws {
        let store = try store()
        let writer = try CheckpointWriter(store: store, step: 2, model: [], optimizer: nil)
        var manifest = try Self.manifest(step: 2)
        manifest.recipeFingerprint = "short"
        #expect(throws: CheckpointError.self) { try writer.commit(manifest) }
    }

    /// A kill -9 leaves what was written so far under a name that nobody opens; the next start clears it
    /// away.
    @Test(arguments: [
        [], ["model.safetensors"], ["model.safetensors", "optimizer.safetensors"],
        ["model.safetensors", "optimizer.safetensors", "manifest.json"],
    ])
    func whatAKilledProcessLeftIsClearedAway(files: [String]) throws {
        var store = try store()
        let whole = try write(store, step: 1)
        let unfinished = store.path(".unfinished-step-00000002")
        try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: false)
        for file in files {
            try FileManager.default.copyItem(atPath: "\(whole)/\(file)", toPath: "\(unfinished)/\(file)")
        }
        #expect(try store.openLatest()?.checkpoint.manifest.step == 1)
        store = try self.store()
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder) == ["step-00000001"])
    }

    /// A checkpoint of a step that is there already takes the old one's place by two renames; a kill may come
    /// between.
    @Test func aReplacementThatWasCutShortIsUndone() throws {
        var store = try store()
        let whole = try write(store, step: 1)
        try FileManager.default.moveItem(atPath: whole, toPath: store.path(".replaced-step-00000001"))
        store = try self.store()
        #expect(try store.openLatest()?.checkpoint.path == whole)

        try FileManager.default.copyItem(atPath: whole, toPath: store.path(".replaced-step-00000001"))
        store = try self.store()
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder) == ["step-00000001"])
    }

    @Test func anEmptyStoreHasNoLatest() throws {
        #expect(try store().openLatest() == nil)
        #expect(throws: CheckpointError.self) { try store().open("step-00000001") }
        #expect(throws: CheckpointError.self) { try store().open("../x") }
    }

    @Test func whatCannotBeWrittenIsAnError() throws {
        let file = folder.path("file")
        try Data().write(to: URL(filePath: file))
        #expect(throws: CheckpointError.self) { try CheckpointStore(folder: "\(file)/checkpoints") }
        let full = #expect(throws: CheckpointError.self) {
            try SafetensorsWriter(path: "/dev/full", tensors: Self.tensors())
        }
        #expect(full?.description == "/dev/full: No space left on device")
    }
}
