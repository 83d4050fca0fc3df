/// One or more nodes of a graph that run as one pass: a batch norm together with the add and the activation
/// that are its only readers, or a single node. Only a unit's last node has its output in memory.
struct Unit: Equatable {
    /// The node whose operation this is; for a fused pass, the batch norm.
    var node: Int
    /// The node whose value the unit leaves: `node`, or the add or activation that it is fused with.
    var last: Int
    /// Last nodes of the units that it reads. A fused add's other operand comes second.
    var inputs: [Int]
    var isNorm = false
    /// Norms only: the fused activation.
    var activation: Activation?

    /// Norms only: the other operand of the fused add.
    var residual: Int? { isNorm && inputs.count == 2 ? inputs[1] : nil }
    /// Norms only: whether the first pass back turns the gradient of the unit's value into that of the sum,
    /// which both operands get.
    var changesGradientInPlace: Bool { activation != nil && residual != nil }
}

extension Unit {
    /// The graph as units, in the order of their last nodes, which is topological.
    /// - Parameter features: nodes whose values are wanted in memory.
    static func all(of graph: Graph, features: [Int] = []) -> [Unit] {
        var consumers = graph.consumers
        // As if there were one more reader.
        for feature in features { consumers[feature].append(graph.nodes.count) }
        let absorbed = absorbingNorms(of: graph, consumers: consumers)
        var units: [Unit] = []
        var fused = Set<Int>()
        for (index, node) in graph.nodes.enumerated() {
            guard case .batchNorm = node.operation else { continue }
            var unit = Unit(node: index, last: index, inputs: node.inputs, isNorm: true)
            if let sum = consumers[index].first, absorbed[sum] == index {
                unit.inputs.append(graph.nodes[sum].inputs.first { $0 != index } ?? index)
                unit.last = sum
                fused.insert(sum)
            }
            if consumers[unit.last].count == 1, let activation = graph.activation(consumers[unit.last][0]),
                unit.residual == nil || activation.showsSlope
            {
                unit.last = consumers[unit.last][0]
                unit.activation = activation
                fused.insert(unit.last)
            }
            units.append(unit)
        }
        for (index, node) in graph.nodes.enumerated() where !fused.contains(index) {
            if case .batchNorm = node.operation { continue }
            units.append(Unit(node: index, last: index, inputs: node.inputs))
        }
        return units.sorted { $0.last < $1.last }
    }

    /// For each add, the norm that is fused with it: of its operands that are norms read by nobody else, the
    /// later.
    private static func absorbingNorms(of graph: Graph, consumers: [[Int]]) -> [Int: Int] {
        var result: [Int: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            guard case .add = node.operation else { continue }
            result[index] = node.inputs.filter { graph.isNorm($0) && consumers[$0].count == 1 }.max()
        }
        return result
    }
}

extension Graph {
    fileprivate func isNorm(_ index: Int) -> Bool {
        if case .batchNorm = nodes[index].operation { true } else { false }
    }

    fileprivate func activation(_ index: Int) -> Activation? {
        if case .activation(let activation) = nodes[index].operation { activation } else { nil }
    }
}

extension Activation {
    /// Whether its output tells its slope, so that the pass back after an add can do without the sum.
    fileprivate var showsSlope: Bool { self == .relu || self == .relu6 }
}
