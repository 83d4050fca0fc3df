extension Recipe.Shrink {
    init(_ reader: SettingsReader) {
        method = reader.choice("method", Method.self) ?? .lwDNA
        width = reader.whole("width", 1...8) ?? 2
        groups = reader.choice("groups", Groups.self) ?? .whole
        embedding = reader.whole("embedding", 1...64) ?? 8
        steps = reader.whole("steps", 1...1_000_000) ?? method.defaultSteps
        importance =
            reader.choice("importance", Importance.self) ?? (method == .lwDNA ? .gradient : .magnitude)
        search = reader.choice("search", Search.self) ?? .exact
        proximal = Proximal(reader)
        seed = reader.whole("seed", 0...Int.max).map { UInt64($0) }
        planPath = reader.text("plan")
        rho = reader.number("rho", .above(0, to: 1))
        tau = reader.number("tau", .from(0, to: 1)) ?? 0.45
        minChannels = reader.whole("min_channels", 1...65_536) ?? 4
        let methodIsKnown = !reader.has("method") || reader.choiceIsValid("method", Method.self)
        if method.keys.contains("budget") {
            budget = Self.budget(reader)
        } else {
            _ = reader.has("budget")
            budget = .ratio(1)
        }
        if methodIsKnown { refuseOthers(reader) }
        reader.finish(elsewhere: Recipe.keys)
    }

    /// Keys that mean nothing to the method, and those that it cannot do without.
    private func refuseOthers(_ reader: SettingsReader) {
        for key in Method.ownKeys.subtracting(method.keys).sorted() where reader.has(key) {
            let others = Method.allCases.filter { $0.keys.contains(key) }.map(\.rawValue)
            reader.report(
                key,
                "means nothing to method \(method.rawValue), only to \(others.joined(separator: ", ")); "
                    + "leave this key out")
        }
        if method == .plan, !reader.has("plan") {
            reader.report("plan", "missing; the plan's file, relative to the current directory")
        }
        if method == .dhp, proximal.checkEvery > steps, reader.has("steps") {
            reader.report(
                "check_every", "\(proximal.checkEvery) is more than the search's \(steps) steps")
        }
    }

    private static func budget(_ parent: SettingsReader) -> Budget {
        let choices = "ratio, flops, flops_of_baseline or parameters"
        guard let reader = parent.section("budget") else {
            if !parent.has("budget") { parent.report("budget", "missing; give one of \(choices)") }
            return .ratio(1)
        }
        let given: [Budget?] = [
            reader.number("ratio", .above(0, to: 1)).map(Budget.ratio),
            reader.count("flops", max: 1_000_000_000_000_000).map(Budget.flops),
            reader.number("flops_of_baseline", .above(0, to: 64)).map(Budget.flopsOfBaseline),
            reader.count("parameters", max: 1_000_000_000_000).map(Budget.parameters),
        ]
        let keys = ["ratio", "flops", "flops_of_baseline", "parameters"].filter(reader.has)
        if keys.count != 1 {
            let found = keys.isEmpty ? "none" : keys.joined(separator: ", ")
            reader.report(keys.first, "give exactly one of \(choices); there is \(found)")
        }
        reader.finish(elsewhere: Recipe.keys)
        return given.compactMap(\.self).first ?? .ratio(1)
    }

    /// Every key that the method has, with its value as YAML; `decides`: another value gives other weights.
    var written: [(key: String, value: String, decides: Bool)] {
        var all: [(key: String, value: String, decides: Bool)] = []
        func add(_ key: String, _ value: String?, decides: Bool = true) {
            guard let value, !Method.ownKeys.contains(key) || method.keys.contains(key) else { return }
            all.append((key, value, decides))
        }
        add("method", method.rawValue)
        add("width", "\(width)")
        // The default does not count, so that runs from before there was a choice go on.
        add("groups", groups.rawValue, decides: groups != .whole)
        add("embedding", "\(embedding)")
        add("steps", "\(steps)")
        add("importance", importance.rawValue)
        add("search", search.rawValue)
        add("penalty", proximal.penalty.rawValue)
        add("strength", short(proximal.strength))
        add("threshold", short(proximal.threshold))
        add("check_every", "\(proximal.checkEvery)")
        add("tolerance", short(proximal.tolerance))
        add("seed", seed.map { "\($0)" })
        // What is in the file decides, and a run keeps that itself.
        add("plan", planPath.map(Recipe.quoted), decides: false)
        if method.keys.contains("budget") {
            let budget = writtenBudget
            all.append(("budget.\(budget.key)", budget.value, true))
        }
        add("rho", rho.map(short))
        add("tau", short(tau))
        add("min_channels", "\(minChannels)")
        return all
    }

    private var writtenBudget: (key: String, value: String) {
        switch budget {
        case .ratio(let ratio): ("ratio", short(ratio))
        case .flops(let count): ("flops", "\(count)")
        case .flopsOfBaseline(let ratio): ("flops_of_baseline", short(ratio))
        case .parameters(let count): ("parameters", "\(count)")
        }
    }
}

extension Recipe.Shrink.Proximal {
    init(_ reader: SettingsReader) {
        penalty = reader.choice("penalty", Penalty.self) ?? penalty
        strength = reader.number("strength", .above(0, to: 1000)) ?? strength
        threshold = reader.number("threshold", .above(0, to: 1000)) ?? threshold
        checkEvery = reader.whole("check_every", 1...1_000_000) ?? checkEvery
        tolerance = reader.number("tolerance", .above(0, below: 1)) ?? tolerance
    }
}
