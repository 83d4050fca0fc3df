import Glibc

extension Engine {
    /// The environment variable that forces an instruction level on the whole process, by the name that
    /// ``instructionLevel`` has there: for tests, and for comparing levels.
    ///
    /// It covers oneDNN, so convolutions and pooling. The C kernels take the best level of the CPU whatever
    /// it says, with the same bits at any; OpenBLAS follows OPENBLAS_CORETYPE.
    public static let forcingVariable = "ESPALIER_ISA"

    /// The level that the environment forces; nil: none.
    public static let forcedInstructionLevel: String? = {
        guard let value = getenv(forcingVariable).map({ String(cString: $0) }), !value.isEmpty else {
            return nil
        }
        return value
    }()

    /// Sets the level that the environment forces, if it does; again costs nothing. Whatever uses the engine
    /// calls it; a program calls it first, to say at once what is wrong.
    /// - Throws: if the level is unknown or this CPU lacks it.
    public static func checkForcedLevel() throws(EngineError) {
        try forcing.get()
    }

    /// For those who cannot throw; whoever computes finds the error.
    static func forceOnce() {
        _ = forcing
    }

    private static let forcing: Result<Void, EngineError> = Result { () throws(EngineError) in
        guard let level = forcedInstructionLevel else { return }
        try limit(level, "use the instruction level \(level) that \(forcingVariable) forces")
    }
}
