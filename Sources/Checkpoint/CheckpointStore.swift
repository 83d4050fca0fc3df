/// The folder of a run's checkpoints: `step-00000120` and so on, so that sorting by name is sorting by step.
///
/// A folder with such a name is whole and was read back before it got the name. Unfinished ones have names
/// that start with a dot. One process at a time writes here; the run folder's lock sees to that.
public struct CheckpointStore: Sendable {
    public let folder: String
    /// How many of the newest checkpoints stay.
    public let keep: Int

    private static let prefix = "step-"
    static let unfinishedPrefix = ".unfinished-"
    static let replacedPrefix = ".replaced-"

    /// Makes the folder and clears away what a killed process left unfinished.
    public init(folder: String, keep: Int = 2) throws(CheckpointError) {
        self.folder = folder
        self.keep = max(1, keep)
        try Folder.create(folder)
        try clean()
    }

    public static func name(step: Int) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The step in a checkpoint's name; nil for names of other things.
    public static func step(of name: String) -> Int? {
        guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)), step >= 0,
            Self.name(step: step) == name
        else { return nil }
        return step
    }

    /// Names of the checkpoints, oldest first.
    public func names() throws(CheckpointError) -> [String] {
        try Self.names(in: folder)
    }

    static func names(in folder: String) throws(CheckpointError) -> [String] {
        try Folder.names(folder).compactMap { name in step(of: name).map { (step: $0, name: name) } }
            .sorted { $0.step < $1.step }.map(\.name)
    }

    public func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Opens and verifies the checkpoint called `name`.
    public func open(_ name: String) throws(CheckpointError) -> Checkpoint {
        guard Self.step(of: name) != nil else {
            throw CheckpointError(
                .missing, folder, "\(quoted(name)) is no checkpoint's name; one is step-00000120")
        }
        return try Checkpoint(path: path(name))
    }

    /// Opens and verifies the newest checkpoint; nil when there is none.
    ///
    /// - Parameter fallback: when the newest is unusable, try the one before it, and so on. Otherwise its
    ///   error is thrown.
    /// - Returns: the checkpoint, and why newer ones were passed over.
    public func openLatest(
        fallback: Bool = false
    ) throws(CheckpointError) -> (checkpoint: Checkpoint, skipped: [CheckpointError])? {
        var skipped: [CheckpointError] = []
        for name in try names().reversed() {
            do throws(CheckpointError) {
                return (try open(name), skipped)
            } catch {
                if !fallback { throw error }
                skipped.append(error)
            }
        }
        if let first = skipped.first { throw first }
        return nil
    }

    /// Gives the finished folder `unfinished` its name.
    func publish(_ unfinished: String, as name: String) throws(CheckpointError) {
        let target = path(name)
        if Folder.exists(target) {
            let replaced = path(Self.replacedPrefix + name)
            if Folder.exists(replaced) { try Folder.remove(replaced) }
            try Folder.rename(target, to: replaced)
            try Folder.rename(unfinished, to: target)
            try Folder.synchronize(folder)
            try Folder.remove(replaced)
        } else {
            try Folder.rename(unfinished, to: target)
        }
        try Folder.synchronize(folder)
    }

    /// Removes all but the newest `keep` up to `current`. Newer ones belong to a course of the run that was
    /// given up when it was resumed from an older checkpoint: they would come before the present course at
    /// the next resume.
    func prune(current: String) throws(CheckpointError) {
        let names = try names()
        guard let index = names.firstIndex(of: current) else { return }
        let kept = names[max(0, index + 1 - keep)...index]
        for name in names where !kept.contains(name) { try Folder.remove(path(name)) }
    }

    private func clean() throws(CheckpointError) {
        for name in try Folder.names(folder) {
            if name.hasPrefix(Self.unfinishedPrefix) {
                try Folder.remove(path(name))
            } else if name.hasPrefix(Self.replacedPrefix) {
                // Killed between two renames: the old one gets its name back; after them: it goes.
                let original = path(String(name.dropFirst(Self.replacedPrefix.count)))
                if Folder.exists(original) {
                    try Folder.remove(path(name))
                } else {
                    try Folder.rename(path(name), to: original)
                }
            }
        }
    }
}
