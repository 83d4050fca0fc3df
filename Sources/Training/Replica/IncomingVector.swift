package import Collective

/// The reduced vector of the next step as a joining worker gets it, block by block.
package final class IncomingVector {
    package let elements: Int
    /// The step that it is for; nil between two vectors.
    package private(set) var step: Int?
    private let gathering: Gathering
    private let workspace = BlockWorkspace()

    package init(elements: Int) {
        self.elements = elements
        gathering = Gathering(
            partition: Partition(count: elements, parts: 1), parts: 1, count: elements)
    }

    package func begin(step: Int) {
        gathering.reset()
        self.step = step
    }

    package func end() { step = nil }

    /// - Returns: whether the vector is whole.
    package func take(_ header: BlockHeader, _ bytes: UnsafeRawBufferPointer) throws(CollectiveError) -> Bool
    {
        try gathering.take(
            part: Int(header.part), block: Int(header.block), bytes: bytes, workspace: workspace)
    }

    /// All of it, once whole.
    package var values: UnsafeBufferPointer<Int32> { gathering.values }
}
