import Checkpoint
import ClusterCore
import Foundation
import Hypernet
import ImageData
import NeuralNet
import Recipe
import TensorCore

/// Where a run goes on from: a verified checkpoint, as workers will get it.
struct ResumePoint {
    let snapshot: StateSnapshot
    /// The level that the run was pinned to: another would round differently.
    let instructionLevel: String?
    /// The same for OpenBLAS.
    let denseAlgebra: String?

    /// The newest usable checkpoint of a run; nil if there is none yet.
    /// - Parameter note: told about checkpoints that had to be passed over.
    /// - Throws: `CheckpointError`, ``ResumeError``.
    static func latest(
        in store: CheckpointStore, _ definition: RunDefinition, note: (String) -> Void
    ) throws -> ResumePoint? {
        guard let (checkpoint, skipped) = try store.openLatest(fallback: true) else { return nil }
        for error in skipped { note("passed over a checkpoint: \(error)") }
        return try ResumePoint(checkpoint, definition)
    }

    init(_ checkpoint: Checkpoint, _ definition: RunDefinition) throws {
        let manifest = checkpoint.manifest
        guard manifest.recipeFingerprint == definition.recipe.fingerprint else {
            throw ResumeError.otherRecipe(checkpoint.path)
        }
        guard manifest.dataFingerprint == definition.train.fingerprint else {
            throw ResumeError.otherData(checkpoint.path)
        }
        guard let optimizer = checkpoint.optimizer, let exponents = manifest.exponents else {
            throw ResumeError.incomplete(checkpoint.path)
        }
        instructionLevel = manifest.instructionLevel
        denseAlgebra = manifest.denseAlgebra
        let plan = try manifest.plan.map { try $0.json } ?? ""
        let layout = try definition.stateLayout(plan: plan)
        let weights = try AlignedBuffer<Float>(attempting: layout.count)
        for tensor in layout.tensors {
            try checkpoint.model.read(tensor.name, into: weights.pointer + tensor.offset, count: tensor.count)
        }
        let moments = try AlignedBuffer<Float>(attempting: layout.momentCount)
        for tensor in layout.moments {
            try optimizer.read(tensor.name, into: moments.pointer + tensor.offset, count: tensor.count)
        }
        snapshot = StateSnapshot(
            step: manifest.step, phase: manifest.phase == .search ? .search : .converge, plan: plan,
            exponents: try exponents.json, weights: weights, moments: moments)
    }

    /// Nil in the search phase and for networks that are not pruned.
    var plan: Plan? {
        get throws { try snapshot.plan.isEmpty ? nil : Plan(json: Data(snapshot.plan.utf8)) }
    }

    /// As the coordinator's machine sees it.
    var place: CoordinatorMachine.Resume {
        CoordinatorMachine.Resume(step: snapshot.step, phase: snapshot.phase)
    }
}

enum ResumeError: Error, CustomStringConvertible {
    case otherRecipe(String)
    case otherData(String)
    case incomplete(String)

    var description: String {
        switch self {
        case .otherRecipe(let path):
            "\(path): written by another recipe; give the recipe that began the run, or another --run folder"
        case .otherData(let path):
            "\(path): written with other training images than data.path holds; give the same data set"
        case .incomplete(let path):
            "\(path): has no optimizer state, so a run cannot go on from it"
        }
    }
}

extension JSONValue {
    init(json: String) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
    }

    /// As text, keys sorted.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
