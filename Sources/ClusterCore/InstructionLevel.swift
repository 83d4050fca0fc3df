/// The CPU instruction levels that a run can be pinned to, named as oneDNN names them, lowest first.
/// Different levels round differently, so all workers of a run use one.
public enum InstructionLevel {
    public static let names = [
        "sse41", "avx", "avx2", "avx2_vnni", "avx512_core", "avx512_core_vnni", "avx512_core_bf16",
        "avx512_core_amx",
    ]

    /// Unknown names count as the highest: a newer CPU can do all that an older one can.
    static func rank(_ name: String) -> Int {
        names.firstIndex(of: name) ?? names.count
    }

    /// The lowest of `levels`, which all of their CPUs have.
    public static func lowest(_ levels: [String]) -> String? {
        levels.min { rank($0) < rank($1) }
    }

    public static func offers(_ level: String, atLeast wanted: String) -> Bool {
        rank(level) >= rank(wanted)
    }
}
