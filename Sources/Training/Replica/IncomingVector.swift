import Collective

/// The reduced vector of the next step as a joining worker gets it, block by block.
final class IncomingVector {
    let elements: Int
    /// The step that it is for; nil between two vectors.
    private(set) var step: Int?
    private let gathering: Gathering
    private let workspace = BlockWorkspace()

    init(elements: Int) {
        self.elements = elements
        gathering = Gathering(
            partition: Partition(count: elements, parts: 1), parts: 1, count: elements)
    }

    func begin(step: Int) {
        gathering.reset()
        self.step = step
    }

    func end() { step = nil }

    /// - Returns: whether the vector is whole.
    func take(_ header: BlockHeader, _ bytes: UnsafeRawBufferPointer) throws(CollectiveError) -> Bool {
        try gathering.take(
            part: Int(header.part), block: Int(header.block), bytes: bytes, workspace: workspace)
    }

    /// All of it, once whole.
    var values: UnsafeBufferPointer<Int32> { gathering.values }
}
