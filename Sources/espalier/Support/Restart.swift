import Glibc
import TensorCore

/// Starting the program anew in the same process.
enum Restart {
    /// OpenBLAS picks its kernels when it is loaded, before the program could choose; so if it picked badly
    /// and nobody else chose, the program starts once more with its own choice. Goes on as it is if that
    /// fails.
    static func withBetterKernels() {
        guard getenv(Engine.denseAlgebraVariable) == nil, let core = Engine.betterDenseAlgebraCore,
            let path = realpath("/proc/self/exe", nil)
        else { return }
        setenv(Engine.denseAlgebraVariable, core, 0)
        execv(path, CommandLine.unsafeArgv)
        free(path)
    }
}
