import Checkpoint
import Foundation
import Hypernet
import TensorCore

extension RunDefinition {
    /// The network of a checkpoint of this recipe, with its weights.
    /// - Throws: `CheckpointError`, `ShrinkError`, `EngineError`.
    func makeModel(of checkpoint: Checkpoint, pool: ComputePool) throws -> any Model {
        let model = try makeModel(plan: checkpoint.plan, pool: pool)
        for tensor in model.layout.tensors {
            try checkpoint.model.read(tensor.name, into: model.state + tensor.offset, count: tensor.count)
        }
        return model
    }
}

extension Checkpoint {
    /// Nil in the search phase and for networks that are not pruned.
    var plan: Plan? {
        get throws { try manifest.plan.map { try Plan(json: Data($0.json.utf8)) } }
    }
}
