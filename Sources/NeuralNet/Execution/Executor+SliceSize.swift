extension Executor {
    /// Images of a slice for a network: the fewest (most parallelism) at which coding the weight gradients
    /// costs less than 3 % of the arithmetic, a power of two that divides the shard, at most a quarter of it,
    /// at least 1.
    ///
    /// Coding takes about 0.5 ns per parameter and slice, and the three passes 6 operations per multiply-add
    /// at about 150 G/s: figures of one core of 2023, fixed here because the slice is part of the result's
    /// bits.
    public static func sliceSize(for graph: Graph, shard: Int) -> Int {
        let coding = 0.5e-9 * Double(ParameterLayout(graph).parameterCount)
        let arithmetic = 6 * Double(max(graph.multiplyAdds, 1)) / 150e9
        let wanted = coding / (0.03 * arithmetic)
        var slice = 1
        while Double(slice) < wanted, slice * 2 <= shard / 4, shard % (slice * 2) == 0 { slice *= 2 }
        return slice
    }
}

extension Graph {
    /// Multiply-adds of one image's forward pass through convolutions and linear layers.
    var multiplyAdds: Int {
        nodes.indices.reduce(0) { sum, index in
            let node = nodes[index]
            switch node.operation {
            case .convolution(let convolution):
                let perOutput = shapes[node.inputs[0]].channels / convolution.groups * convolution.kernel
                return sum + perOutput * convolution.kernel * shapes[index].count
            case .linear(let linear):
                return sum + shapes[node.inputs[0]].count * linear.outFeatures
            default:
                return sum
            }
        }
    }
}
