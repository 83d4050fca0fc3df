import TensorCore
import Testing

/// Sets a process's instruction level; false, with the right error, if this machine lacks it.
func entersLevel(_ level: String) -> Bool {
    do {
        try Engine.limitInstructionLevel(level)
        return true
    } catch {
        #expect("\(error)".contains("this machine has"))
        return false
    }
}
