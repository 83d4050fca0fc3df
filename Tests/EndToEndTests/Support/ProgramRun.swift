import Foundation
import Glibc
import TestSupport

/// One `espalier` process with all that it starts. They are killed when the object goes.
final class ProgramRun: Sendable {
    /// The command that was built with the tests: it lies beside their executable.
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "espalier").path

    enum Ending: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)
    }

    /// What a process left behind when it had ended.
    struct Outcome: Sendable {
        let ending: Ending
        let output: String
        let errors: String

        /// The lines by which the command says that something is wrong.
        var complaints: [String] {
            errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("espalier: ") }
        }
    }

    let process: pid_t
    /// In the environment of the process and of all that it starts.
    private let mark: String
    private let files: TemporaryFolder
    /// Where it works: must not go before it does.
    private let workplace: TemporaryFolder?

    init(_ arguments: [String], in workplace: TemporaryFolder? = nil) throws {
        self.workplace = workplace
        files = try TemporaryFolder()
        mark = "ESPALIER_TEST_RUN=\(UUID().uuidString)"
        process = try Spawn.process(
            Self.program, arguments, environment: mark, output: files.path("out"), errors: files.path("err"))
    }

    deinit {
        for process in processes { kill(process.id, SIGKILL) }
        kill(process, SIGKILL)
        var status: CInt = 0
        waitpid(process, &status, 0)
    }

    /// Runs a command to its end.
    static func outcome(_ arguments: String...) async throws -> Outcome {
        try await ProgramRun(arguments).end()
    }

    /// What it has written to standard error so far.
    var errors: String { Self.text(files.path("err")) }

    /// This process and all that it has started which are alive.
    var processes: [LiveProcess] { LiveProcess.all(marked: mark) }

    /// The worker processes that it has started.
    var workers: [LiveProcess] { processes.filter { $0.arguments.dropFirst().first == "worker" } }

    func signal(_ number: CInt) { kill(process, number) }

    /// Waits for the end of the process itself.
    func end() async throws -> Outcome {
        var ending: Ending?
        try await eventually("the process ends: \(errors)") {
            ending = self.endingIfOver
            return ending != nil
        }
        return Outcome(ending: ending!, output: Self.text(files.path("out")), errors: errors)
    }

    /// The process stays a zombie, so that its number cannot be given to another, until `deinit`.
    private var endingIfOver: Ending? {
        var info = siginfo_t()
        guard waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0,
            info.si_signo == SIGCHLD
        else { return nil }
        let status = info._sifields._sigchld.si_status
        return info.si_code == CLD_EXITED ? .exit(status) : .signal(status)
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
