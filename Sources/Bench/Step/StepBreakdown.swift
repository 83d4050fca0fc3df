import NeuralNet

/// Where the threads' time goes in some steps. Times are of all threads together.
struct StepBreakdown {
    /// What happens between the executor's runs. The whole time counts for every thread, busy or not.
    enum Section: String, CaseIterable {
        /// Weights made by the hypernetwork.
        case generate
        /// The optimizer, with the hypernetwork's backward pass.
        case update
        /// The next step's exponents.
        case adapt
    }

    let threads: Int
    private(set) var stepSeconds: [Double] = []
    private var sections: [Section: Double] = [:]
    private var passes = PassTimes()

    init(threads: Int) {
        self.threads = threads
    }

    mutating func add(_ seconds: Double, to section: Section) {
        sections[section, default: 0] += seconds * Double(threads)
    }

    mutating func addStep(_ seconds: Double) {
        stepSeconds.append(seconds)
    }

    mutating func add(_ times: PassTimes) {
        passes += times
    }

    /// Largest first; what has no name comes as "other".
    var parts: [StepReport.Part] {
        guard !stepSeconds.isEmpty else { return [] }
        var times = PassKind.allCases.map { ("\($0)", passes[$0]) }
        times += Section.allCases.map { ($0.rawValue, sections[$0] ?? 0) }
        times.append(("other", max(total - named, 0)))
        let divisor = Double(threads * stepSeconds.count)
        return times.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.map {
            StepReport.Part(pass: Self.snakeCase($0.0), seconds: $0.1 / divisor, share: $0.1 / total)
        }
    }

    var accounted: Double { stepSeconds.isEmpty ? 0 : min(named / total, 1) }

    private var total: Double { stepSeconds.reduce(0, +) * Double(threads) }

    private var named: Double { passes.total + sections.values.reduce(0, +) }

    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}
