/// Names and labels of many files, held compactly: ImageNet's 1.28 million need about 40 bytes each.
struct FileTable: Sendable {
    private var names: [UInt8] = []
    private var ends: [Int] = []
    private var labels: [Int32] = []

    var count: Int { ends.count }

    mutating func append(_ name: String, label: Int) {
        names.append(contentsOf: name.utf8)
        ends.append(names.count)
        labels.append(Int32(label))
    }

    func label(_ index: Int) -> Int { Int(labels[index]) }

    /// Path of file `index` below the data set's folder.
    func name(_ index: Int) -> String {
        String(decoding: names[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
    }
}
