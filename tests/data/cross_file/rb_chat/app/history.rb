class History
  LIMIT = 500

  def initialize
    @messages = []
  end

  def append(message)
    @messages.push(message)
    @messages.shift while @messages.size > LIMIT
  end

  def last(count)
    @messages.last(count)
  end
end
