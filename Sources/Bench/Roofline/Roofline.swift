import CKernels
public import TensorCore

/// What a machine can do: arithmetic and memory traffic, with one thread and with all.
public struct Roofline: Equatable, Sendable, Encodable {
    /// Rates of some threads together.
    public struct Rates: Equatable, Sendable, Encodable {
        public let threads: Int
        /// Fused multiply-adds out of registers, a large OpenBLAS sgemm on each thread, and a large oneDNN
        /// convolution (3×3, 256 channels, NHWC, forward), fp32.
        public let fmaGflops: Double
        public let sgemmGflops: Double
        public let convolutionGflops: Double
        /// Products out of the registers of the CPU's matrix unit, bf16; 0 where there is none in use.
        public let matrixUnitGflops: Double
        /// Streams through arrays larger than the caches, counting the bytes that the program asks for (a
        /// write may cost the memory a read as well).
        public let readGbPerSecond: Double
        public let writeGbPerSecond: Double
        public let triadGbPerSecond: Double

        /// The fastest arithmetic seen.
        public var peakGflops: Double { max(fmaGflops, sgemmGflops, convolutionGflops) }
    }

    public let instructionLevel: String
    public let denseAlgebraCore: String
    public let one: Rates
    public let all: Rates

    /// Measures for about 12 × `seconds`.
    /// - Throws: `EngineError` if memory runs out.
    public init(threads: Int, seconds: Double = 0.3) throws(EngineError) {
        instructionLevel = Engine.instructionLevel
        denseAlgebraCore = Engine.denseAlgebraCore
        let streams = try MemoryStreams()
        one = try Self.rates(ComputePool(threads: 1), streams, seconds)
        all = threads == 1 ? one : try Self.rates(ComputePool(threads: threads), streams, seconds)
    }

    private static func rates(
        _ pool: ComputePool, _ streams: MemoryStreams, _ seconds: Double
    ) throws(EngineError) -> Rates {
        let gemm = try GemmProbe(threads: pool.threads)
        let convolution = try ConvolutionProbe(threads: pool.threads)
        return Rates(
            threads: pool.threads, fmaGflops: fma(pool, seconds),
            sgemmGflops: best(pool, seconds, work: GemmProbe.gflop) { gemm.run($0) },
            convolutionGflops: best(pool, seconds, work: ConvolutionProbe.gflop) { convolution.run($0) },
            matrixUnitGflops: Engine.hasAmx ? matrixUnit(pool, seconds) : 0,
            readGbPerSecond: streams.read(pool, seconds), writeGbPerSecond: streams.write(pool, seconds),
            triadGbPerSecond: streams.triad(pool, seconds))
    }

    /// GFLOP/s of the fastest arithmetic, found in a fraction of a second; in bf16 without a matrix unit, of
    /// a large convolution.
    /// - Throws: `EngineError` if the instruction level lacks the type.
    public static func quickPeak(
        _ pool: ComputePool, _ type: ElementType = .fp32
    ) throws(EngineError) -> Double {
        guard type == .bf16 else { return fma(pool, 0.15) }
        if Engine.hasAmx { return matrixUnit(pool, 0.15) }
        let convolution = try ConvolutionProbe(threads: pool.threads, type)
        return best(pool, 0.3, work: ConvolutionProbe.gflop) { convolution.run($0) }
    }

    private static func fma(_ pool: ComputePool, _ seconds: Double) -> Double {
        let rounds = 200_000
        return best(pool, seconds, work: Double(rounds * Int(ESPALIER_FMA_ROUND_FLOPS)) / 1e9) { _ in
            Sink.take(espalier_fma_rounds(rounds))
        }
    }

    private static func matrixUnit(_ pool: ComputePool, _ seconds: Double) -> Double {
        let rounds = 20_000
        return best(pool, seconds, work: Double(rounds * Int(ESPALIER_AMX_ROUND_FLOPS)) / 1e9) { _ in
            espalier_amx_rounds(rounds)
        }
    }

    /// Runs `body` on all threads again and again for `seconds`.
    /// - Parameter work: of one thread in one run.
    /// - Returns: the most work a second, of all threads together, that any run did.
    static func best(
        _ pool: ComputePool, _ seconds: Double, work: Double, _ body: @Sendable (_ thread: Int) -> Void
    ) -> Double {
        let whole = Stopwatch()
        var shortest = Double.infinity
        pool.run(body)
        repeat {
            let watch = Stopwatch()
            pool.run(body)
            shortest = min(shortest, watch.seconds)
        } while whole.seconds < seconds
        return work * Double(pool.threads) / max(shortest, 1e-9)
    }
}
