class User
  attr_reader :name

  def initialize(name)
    @name = name
    @seen = 0
  end

  def mark_seen(count)
    @seen = count
  end
end
