internal import CKernels
internal import COneDNN
internal import COpenBLAS

/// Settings of the mathematical libraries that hold for the whole process.
public enum Engine {
    /// Makes library calls by this thread run on this thread alone. Every compute thread calls it before
    /// any other call here; again costs nothing.
    public static func isolateThread() {
        omp_set_num_threads(1)
        _ = singleThreadedOpenBLAS
    }

    /// The instruction level that oneDNN uses, such as "avx512_core_bf16": the CPU's, or a lower one that was
    /// set or forced. Reading it fixes it.
    public static var instructionLevel: String {
        forceOnce()
        return levelNow
    }

    private static var levelNow: String {
        let level = dnnl_get_effective_cpu_isa()
        return levels.first { $0.isa == level }?.name ?? "level \(level.rawValue)"
    }

    /// Bounds the instruction level by a name that ``instructionLevel`` has on some CPU. Throws if the name
    /// is unknown, the CPU lacks the level, or it is too late: it must precede the first primitive of the
    /// process and the first look at ``instructionLevel``, except that the level in use may be set again.
    public static func limitInstructionLevel(_ name: String) throws(EngineError) {
        try checkForcedLevel()
        try limit(name, "use the instruction level \(name)")
    }

    static func limit(_ name: String, _ operation: String) throws(EngineError) {
        guard let level = levels.first(where: { $0.name == name }) else {
            let known = levels.map(\.name).joined(separator: ", ")
            throw EngineError(operation: operation, detail: "it is none of \(known)")
        }
        // Before any question to the library, which would fix the level.
        let isInTime = dnnl_set_max_cpu_isa(level.isa) == dnnl_success
        let now = levelNow
        guard now != name else { return }
        throw EngineError(
            operation: operation,
            detail: isInTime
                ? "this machine has \(now); choose a level it has"
                : "\(now) is in use already; set the level when the process starts")
    }

    /// Whether the instruction level in use computes with the type. Looking fixes the level.
    public static func supports(_ elements: ElementType) -> Bool {
        forceOnce()
        switch elements {
        case .fp32:
            return true
        case .bf16:
            // Levels are sets of bits; a higher one has those of the lower.
            let needed = dnnl_cpu_isa_avx512_core_bf16.rawValue
            return dnnl_get_effective_cpu_isa().rawValue & needed == needed
        }
    }

    /// Whether the instruction level in use has the wide vectors. Looking fixes the level.
    static var hasAVX512: Bool {
        forceOnce()
        let needed = dnnl_cpu_isa_avx512_core.rawValue
        return dnnl_get_effective_cpu_isa().rawValue & needed == needed
    }

    /// Whether the instruction level in use has the matrix unit, and the system lets this process use it.
    /// Looking fixes the level.
    public static var hasAmx: Bool {
        forceOnce()
        let needed = dnnl_cpu_isa_avx512_core_amx.rawValue
        return dnnl_get_effective_cpu_isa().rawValue & needed == needed && espalier_has_amx() != 0
    }

    /// - Throws: if the instruction level does not compute with the type.
    public static func check(_ elements: ElementType) throws(EngineError) {
        try checkForcedLevel()
        guard !supports(elements) else { return }
        throw EngineError(
            operation: "compute in \(elements)",
            detail: "the instruction level is \(instructionLevel), it takes "
                + "\(elements.instructionLevel ?? "another"); use fp32 or another machine")
    }

    private static let levels: [(name: String, isa: dnnl_cpu_isa_t)] = [
        ("sse41", dnnl_cpu_isa_sse41),
        ("avx", dnnl_cpu_isa_avx),
        ("avx2", dnnl_cpu_isa_avx2),
        ("avx2_vnni", dnnl_cpu_isa_avx2_vnni),
        ("avx512_core", dnnl_cpu_isa_avx512_core),
        ("avx512_core_vnni", dnnl_cpu_isa_avx512_core_vnni),
        ("avx512_core_bf16", dnnl_cpu_isa_avx512_core_bf16),
        ("avx512_core_amx", dnnl_cpu_isa_avx512_core_amx),
    ]

    private static let singleThreadedOpenBLAS: Void = openblas_set_num_threads(1)
}
