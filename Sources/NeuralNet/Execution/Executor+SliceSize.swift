public import TensorCore

extension Executor {
    /// Images of a slice for a network: the fewest (most parallelism) at which coding the weight gradients
    /// costs less than 3 % of the arithmetic, a power of two that divides the shard, at most a quarter of it,
    /// at least 1.
    ///
    /// Coding takes about 0.5 ns per parameter and slice, and the three passes 6 operations per multiply-add
    /// at about 150 G/s: figures of one core of 2023, fixed here because the slice is part of the result's
    /// bits. In bf16 the arithmetic takes half the time.
    public static func sliceSize(
        for graph: Graph, shard: Int, precision: ElementType = .fp32
    ) -> Int {
        let coding = 0.5e-9 * Double(ParameterLayout(graph).parameterCount)
        let arithmetic =
            6 * Double(max(Complexity(graph).flops.convLinear, 1)) / (precision == .bf16 ? 300e9 : 150e9)
        let wanted = coding / (0.03 * arithmetic)
        var slice = 1
        while Double(slice) < wanted, slice * 2 <= shard / 4, shard % (slice * 2) == 0 { slice *= 2 }
        return slice
    }
}
