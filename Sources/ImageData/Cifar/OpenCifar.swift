extension CifarLayout {
    /// Opens the set in folder `path`, or in the archive's own folder inside it.
    func open(_ path: String) throws(DataError) -> (train: any ImageSet, test: any ImageSet) {
        try Folder.require(path, what: "the folder of \(format.name)'s binary files")
        let inner = path + "/" + folder
        let root = Folder.exists(inner) ? inner : path
        let names = try Folder.entries(root).filter { !$0.isFolder }.map(\.name)
        let train = names.filter(isTrainFile).sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
        guard !train.isEmpty, names.contains(testFile) else {
            throw missingFiles(root, names, what: train.isEmpty ? trainFiles : testFile)
        }
        return (try read(root, train, split: "train"), try read(root, [testFile], split: "test"))
    }

    private func missingFiles(_ root: String, _ names: [String], what: String) -> DataError {
        let isPython = pickleNames.allSatisfy(names.contains)
        let archive = names.first { $0.hasPrefix("cifar-") && ($0.hasSuffix(".gz") || $0.hasSuffix(".tar")) }
        let problem = "has no \(what)"
        if isPython {
            return DataError(
                problem + " but the Python version's pickles", at: root,
                advice: "get the binary version of \(format.name)")
        }
        if let archive {
            return DataError(
                problem + " but the archive \(archive)", at: root, advice: "unpack it with tar -xf")
        }
        return DataError(
            problem, at: root, advice: "give the folder of \(format.name)'s binary files as data.path")
    }

    private func read(_ root: String, _ files: [String], split: String) throws(DataError) -> any ImageSet {
        var records = CifarRecords(self)
        for file in files { try records.append(file: root + "/" + file) }
        var fingerprint = Fingerprint(
            format: format, split: split, classNames: classNames, count: records.labels.count)
        for (name, bytes) in zip(files, records.files) { fingerprint.add(name: name, bytes: bytes.count) }
        records.labels.withUnsafeBytes { fingerprint.add(labels: $0) }
        return PlanarImageSet(
            count: records.labels.count, classNames: classNames, fingerprint: fingerprint.finish(),
            side: Self.side,
            labels: records.labels, source: records, normalization: Normalization(format), pad: 4)
    }
}
