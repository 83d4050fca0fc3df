import Transport

/// What happened in a simulation. Texts are made only if somebody wants to read them: a run that fails is
/// repeated with texts.
package struct Trace {
    /// How many of the last events a failure shows.
    package static let shownMax = 40

    let isVerbose: Bool
    /// Told each event, with its time in seconds.
    var print: ((String) -> Void)?
    private(set) var last: [String] = []
    /// Of all events and their times, while verbose.
    private(set) var digest: UInt64 = 0

    init(isVerbose: Bool, print: ((String) -> Void)? = nil) {
        self.isVerbose = isVerbose
        self.print = print
    }

    mutating func note(at nanoseconds: Int64, _ text: () -> String) {
        guard isVerbose else { return }
        let line = Self.line(nanoseconds, text())
        for byte in line.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        digest = SeededRandom.mix(digest)
        print?(line)
        last.append(line)
        if last.count > 4 * Self.shownMax { last.removeFirst(3 * Self.shownMax) }
    }

    static func line(_ nanoseconds: Int64, _ text: String) -> String {
        let micros = nanoseconds / 1000
        let fraction = String(micros % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - fraction.count)
        return "\(micros / 1_000_000).\(zeros)\(fraction) \(text)"
    }
}
