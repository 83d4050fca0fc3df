import Foundation
import Glibc

/// A running process as `/proc` shows it; zombies are not.
struct LiveProcess: Sendable {
    let id: pid_t
    let arguments: [String]

    /// All processes with this entry in their environment.
    static func all(marked mark: String) -> [LiveProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.sorted().compactMap { id in
            guard strings("/proc/\(id)/environ").contains(mark) else { return nil }
            return LiveProcess(id: id, arguments: strings("/proc/\(id)/cmdline"))
        }
    }

    func signal(_ number: CInt) { kill(id, number) }

    /// The folder of the sockets that a local worker and its coordinator share.
    var socketFolder: String? {
        guard let join = arguments.first(where: { $0.hasPrefix("ipc://") }) else { return nil }
        return URL(filePath: String(join.dropFirst("ipc://".count))).deletingLastPathComponent().path
    }

    /// The TCP ports that the process listens on.
    var listeningPorts: [UInt16] {
        let folder = "/proc/\(id)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sockets = Set(
            names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
        )
        let table = (try? String(contentsOfFile: "/proc/\(id)/net/tcp", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            // Local address, state (0A: listening), inode.
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]"),
                let port = fields[1].split(separator: ":").last
            else { return nil }
            return UInt16(port, radix: 16)
        }
    }

    /// The zero-terminated strings of a file.
    private static func strings(_ path: String) -> [String] {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else {
            return []
        }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
