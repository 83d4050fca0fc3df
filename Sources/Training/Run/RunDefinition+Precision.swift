public import ClusterCore
import Recipe
public import TensorCore

extension RunDefinition {
    /// How executors store activations.
    public var precision: ElementType {
        switch recipe.precision {
        case .fp32: .fp32
        case .bf16: .bf16
        }
    }

    /// What every worker's CPU must offer; nil: nothing special.
    public var levelNeeded: LevelNeeded? {
        precision.instructionLevel.map {
            LevelNeeded($0, by: "precision: \(precision)", alternative: "precision: \(ElementType.fp32)")
        }
    }

    /// - Parameter offered: the machine's highest instruction level.
    /// - Throws: if the recipe needs a higher one.
    public func checkLevel(offered: String = Engine.offeredInstructionLevel) throws(RunError) {
        if let reason = levelNeeded?.refusal(offered: offered) { throw .unfitMachine(reason) }
    }
}
