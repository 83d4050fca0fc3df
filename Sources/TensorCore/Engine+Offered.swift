import Glibc

extension Engine {
    /// The highest instruction level that this CPU offers, by oneDNN's names, or the one that is forced.
    /// Unlike ``instructionLevel`` it leaves the choice open: it asks the system, not the library.
    public static let offeredInstructionLevel = forcedInstructionLevel ?? processorLevel()

    private static func processorLevel() -> String {
        let flags = processorFlags()
        let levels: [(name: String, needs: [String])] = [
            ("avx512_core_amx", ["amx_tile", "amx_int8", "amx_bf16", "avx512_bf16", "avx512_fp16"]),
            ("avx512_core_bf16", ["avx512_bf16", "avx512_vnni", "avx512bw", "avx512vl", "avx512dq"]),
            ("avx512_core_vnni", ["avx512_vnni", "avx512bw", "avx512vl", "avx512dq"]),
            ("avx512_core", ["avx512f", "avx512bw", "avx512vl", "avx512dq"]),
            ("avx2_vnni", ["avx2", "avx_vnni"]),
            ("avx2", ["avx2", "fma"]),
            ("avx", ["avx"]),
        ]
        return levels.first { flags.isSuperset(of: $0.needs) }?.name ?? "sse41"
    }

    private static func processorFlags() -> Set<String> {
        guard let file = fopen("/proc/cpuinfo", "r") else { return [] }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let text = line.map({ String(cString: $0) }) {
            guard text.hasPrefix("flags") else { continue }
            return Set(text.split { " \t\n:".contains($0) }.map(String.init))
        }
        return []
    }
}
