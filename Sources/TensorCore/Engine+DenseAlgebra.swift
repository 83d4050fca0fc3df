internal import COpenBLAS

extension Engine {
    /// OpenBLAS's name of the CPU whose kernels it uses, such as "SKYLAKEX". It is not bounded by
    /// ``limitInstructionLevel(_:)``; the environment variable OPENBLAS_CORETYPE chooses it when a process
    /// starts.
    public static var denseAlgebraCore: String { String(cString: openblas_get_corename()) }

    /// The environment variable that chooses OpenBLAS's kernels.
    public static let denseAlgebraVariable = "OPENBLAS_CORETYPE"

    /// The kernels that OpenBLAS should use where it has taken those of CPUs without AVX, as it does on any
    /// CPU that is newer than itself: five times as fast, or more. Nil where it chose well.
    public static var betterDenseAlgebraCore: String? {
        let isOld = ["prescott", "core2", "penryn", "dunnington", "nehalem", "generic", "unknown"]
            .contains(denseAlgebraCore.lowercased())
        return isOld ? denseAlgebraCore(for: offeredInstructionLevel) : nil
    }

    /// The kernels for an instruction level; nil for levels without AVX2.
    public static func denseAlgebraCore(for level: String) -> String? {
        if level.hasPrefix("avx512") { return "SkylakeX" }
        return level.hasPrefix("avx2") ? "Haswell" : nil
    }
}
